//! Requests of any content that two dialects can both say.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use weir_wire::dialect::Dialect;
use weir_wire::translate::form::{
    Amount, Body, Call, Effort, Extra, Format, Input, Media, Part, Place, Request, Role, Sampling,
    Thinking, Tool, ToolChoice, ToolKind, Turn,
};
use weir_wire::translate::json::Json;

use super::can::Can;

type Form = Request<'static>;

/// A request in the words of `dialect`.
pub(crate) fn request(dialect: Dialect, can: Can) -> impl Strategy<Value = Form> {
    let conversation = (
        of(words()),
        vec(exchange(can), 0..3),
        vec(user_part(can), 1..4),
        of(words()),
    );
    let settings = (
        of(choice()),
        of(any::<bool>()),
        of(16u64..5000),
        sampling(can),
        vec("[A-Z]{1,4}", 0..=can.stops),
        of(thinking(can)),
        of(format(can)),
        (of("[a-z]{1,9}"), of("[a-z]{1,9}"), any::<bool>()),
    );
    (conversation, vec(schema(2), 3), settings).prop_map(move |(said, schemas, set)| {
        let (system, exchanges, last, late) = said;
        let (choice, parallel, max_tokens, sampling, stop, thinking, format, customer) = set;
        let mut turns = Vec::new();
        for (index, exchange) in exchanges.into_iter().enumerate() {
            turns.extend(exchange.turns(index));
        }
        turns.push(turn(Role::User, last));
        if let Some(late) = late.filter(|_| can.later_instructions) {
            turns.push(turn(Role::System, vec![text(late)]));
            turns.push(turn(Role::User, vec![text("And now?".to_owned())]));
        }
        let thinks = thinking.is_some();
        let choice = choice.filter(|choice| {
            let free = matches!(choice, ToolChoice::Auto | ToolChoice::None);
            free || can.forced_thinker || !thinks
        });
        let (user, cache_key, tier) = customer;
        Request {
            dialect,
            model: "any".into(),
            system: system.into_iter().map(text).collect(),
            turns,
            tools: tools(schemas, can),
            tool_choice: choice,
            parallel_tools: parallel.filter(|_| can.parallel),
            max_tokens: max_tokens.or((!can.unbounded).then_some(900)),
            sampling: if thinks {
                Sampling::default()
            } else {
                sampling
            },
            stop: stop.into_iter().map(Into::into).collect(),
            stream: true,
            thinking,
            format,
            user: user.filter(|_| can.customer).map(Into::into),
            cache_key: cache_key.filter(|_| can.customer).map(Into::into),
            service_tier: (tier && can.customer).then(|| "default".into()),
            extra: Extra::default(),
        }
    })
}

fn words() -> impl Strategy<Value = String> {
    "[a-zäß💧\"\\\\\n ]{0,12}[a-z]"
}

fn text(text: String) -> Part<'static> {
    let annotations = Vec::new();
    let text = text.into();
    Body::Text { text, annotations }.into()
}

fn turn(role: Role, parts: Vec<Part<'static>>) -> Turn<'static> {
    let extra = Extra::default();
    Turn { role, parts, extra }
}

const NAMES: [&str; 3] = ["read_file", "crop-image", "x"];

/// What the user says, what the model says and calls, and what the calls give.
#[derive(Debug)]
struct Exchange {
    user: Vec<Part<'static>>,
    said: Option<String>,
    calls: Vec<(&'static str, String, Vec<Part<'static>>, bool)>,
    after: Option<String>,
}

impl Exchange {
    fn turns(self, index: usize) -> Vec<Turn<'static>> {
        let mut model = Vec::new();
        // Somebody has to say something.
        let said = match self.calls.is_empty() {
            true => self.said.or(Some("Well.".to_owned())),
            false => self.said,
        };
        model.extend(said.map(text));
        let mut results = Vec::new();
        for (number, (name, input, parts, is_error)) in self.calls.into_iter().enumerate() {
            let id = format!("call_{index}_{number}");
            results.push(Part::from(Body::Result {
                call: id.clone().into(),
                name: Some(name.into()),
                parts,
                is_error,
            }));
            model.push(Part::from(Body::Call(Call {
                id: id.into(),
                name: name.into(),
                input: Input::Json(Json::of_valid(input)),
                item: None,
                opaque: None,
            })));
        }
        model.extend(self.after.map(text));
        let mut turns = vec![turn(Role::User, self.user), turn(Role::Assistant, model)];
        if !results.is_empty() {
            turns.push(turn(Role::User, results));
        }
        turns
    }
}

fn exchange(can: Can) -> impl Strategy<Value = Exchange> {
    let call = (select(&NAMES[..]), input(), result(can), any::<bool>());
    let call = call.prop_map(move |(name, input, parts, is_error)| {
        (name, input, parts, is_error && can.failed_results)
    });
    let rest = (of(words()), vec(call, 0..3), of(words()));
    (vec(user_part(can), 1..4), rest).prop_map(move |(user, (said, calls, after))| Exchange {
        user,
        said,
        after: after.filter(|_| can.text_after_calls && !calls.is_empty()),
        calls,
    })
}

fn user_part(can: Can) -> impl Strategy<Value = Part<'static>> {
    prop_oneof![
        3 => words().prop_map(text),
        1 => picture(can),
        1 => document(can),
    ]
}

/// What a tool gave: Google's have one text, and pictures behind it.
fn result(can: Can) -> impl Strategy<Value = Vec<Part<'static>>> {
    let seen = can.pictures_in_results;
    (words().prop_map(text), vec(picture(can), 0..2)).prop_map(move |(text, pictures)| {
        let pictures = pictures.into_iter().filter(|_| seen);
        std::iter::once(text).chain(pictures).collect()
    })
}

fn picture(can: Can) -> impl Strategy<Value = Part<'static>> {
    let by_url = any::<bool>().prop_map(move |by_url| by_url && can.pictures_by_url);
    let detail = select(&["low", "high"][..]);
    (by_url, "[A-Za-z0-9+/]{4}", detail).prop_map(move |(by_url, data, detail)| {
        let (kind, place) = match by_url {
            true => (
                None,
                Place::Url(format!("https://example.com/{}.png", data.len()).into()),
            ),
            false => (Some("image/png".into()), Place::Base64(data.into())),
        };
        let detail = can.detail.then(|| detail.into());
        Body::Image(Media {
            kind,
            place,
            detail,
        })
        .into()
    })
}

fn document(can: Can) -> impl Strategy<Value = Part<'static>> {
    "[a-z]{1,6}".prop_map(move |name| {
        let media = Media {
            kind: Some("application/pdf".into()),
            place: Place::Base64("JVBERi0xLjc=".into()),
            detail: None,
        };
        let title = can.titles.then(|| format!("{name}.pdf").into());
        let context = None;
        Body::Document {
            media,
            title,
            context,
        }
        .into()
    })
}

/// The input of a call. Numbers keep their spelling.
fn input() -> impl Strategy<Value = String> {
    let number = select(&["1", "-0.50", "1e3", "12345678901234567890"][..]);
    (words(), number, any::<bool>()).prop_map(|(text, number, flag)| {
        let text = serde_json::Value::from(text);
        format!(r#"{{"text":{text},"n":{number},"deep":{{"flag":{flag},"list":[null,[]]}}}}"#)
    })
}

fn tools(schemas: Vec<String>, can: Can) -> Vec<Tool<'static>> {
    let named = NAMES.into_iter().zip(schemas);
    let tools = named.map(|(name, schema)| Tool {
        kind: ToolKind::Function {
            name: name.into(),
            description: Some(format!("The tool {name}.").into()),
            schema: Some(Json::of_valid(schema)),
            strict: (can.strict_tools && name == "x").then_some(true),
        },
        cache: None,
        extra: Extra::default(),
    });
    tools.collect()
}

/// A schema of an object that names and requires all of its members and allows no others.
fn schema(depth: u32) -> BoxedStrategy<String> {
    let plain = select(
        &[
            r#"{"type":"string","description":"A \"text\"."}"#,
            r#"{"type":"string","enum":["a","b"]}"#,
            r#"{"type":"integer"}"#,
            r#"{"type":"number"}"#,
            r#"{"type":"boolean"}"#,
            r#"{"type":"array","items":{"type":"string"}}"#,
        ][..],
    );
    let plain = plain.prop_map(str::to_owned);
    let member = match depth {
        0 => plain.boxed(),
        _ => prop_oneof![3 => plain, 1 => schema(depth - 1)].boxed(),
    };
    vec(member, 1..4)
        .prop_map(|members| {
            let named = |(index, schema)| format!(r#""m{index}":{schema}"#);
            let names = (0..members.len()).map(|index| format!(r#""m{index}""#));
            let names = names.collect::<Vec<_>>().join(",");
            let members = members.iter().enumerate().map(named);
            let members = members.collect::<Vec<_>>().join(",");
            format!(
                r#"{{"type":"object","properties":{{{members}}},"required":[{names}],"additionalProperties":false}}"#
            )
        })
        .boxed()
}

fn choice() -> impl Strategy<Value = ToolChoice<'static>> {
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Any),
        select(&NAMES[..]).prop_map(|name| ToolChoice::Tool(name.into())),
    ]
}

fn sampling(can: Can) -> impl Strategy<Value = Sampling<'static>> {
    let number = || of(select(&["0", "0.25", "0.70", "1.0"][..]));
    let whole = || of(select(&["1", "40"][..]));
    let numbers = (number(), number(), whole(), whole(), number(), number());
    (numbers, any::<bool>()).prop_map(move |(numbers, hotter)| {
        let (temperature, top_p, top_k, seed, frequency, presence) = numbers;
        let json = |number: Option<&'static str>| number.map(Json::of_valid);
        let top_p = top_p.filter(|_| can.hot || temperature.is_none());
        let temperature = temperature.map(|it| if hotter && can.hot { "1.7" } else { it });
        Sampling {
            temperature: json(temperature),
            top_p: json(top_p),
            top_k: json(top_k.filter(|_| can.top_k)),
            seed: json(seed.filter(|_| can.seed)),
            frequency_penalty: json(frequency.filter(|_| can.penalties)),
            presence_penalty: json(presence.filter(|_| can.penalties)),
        }
    })
}

fn thinking(can: Can) -> impl Strategy<Value = Thinking> {
    let amounts = [
        Amount::Effort(Effort::Low),
        Amount::Effort(Effort::Medium),
        Amount::Effort(Effort::High),
        Amount::Off,
    ];
    let sayable = if can.no_thinking { 4usize } else { 3 };
    let shown = None;
    (0..sayable).prop_map(move |index| {
        let amount = amounts[index];
        Thinking { amount, shown }
    })
}

fn format(can: Can) -> impl Strategy<Value = Format<'static>> {
    (schema(1), any::<bool>()).prop_map(move |(schema, plain)| {
        if plain && can.plain_json {
            return Format::Json;
        }
        Format::Schema {
            name: can.named_schema.then(|| "finding".into()),
            description: None,
            schema: Json::of_valid(schema),
            strict: can.named_schema.then_some(true),
        }
    })
}
