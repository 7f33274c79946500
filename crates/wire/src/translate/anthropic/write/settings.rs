//! What steers the answer besides thinking: its length, sampling, form, and whom it is for.

use super::Scene;
use super::plan::Conversation;
use super::schema;
use super::thinking::Told;
use crate::scan::Cursor;
use crate::translate::anthropic::model::Model;
use crate::translate::fault::Notes;
use crate::translate::form::{Amount, Format};
use crate::translate::json::{Json, Writer};

/// Longest `user_id`, in characters.
const MAX_USER: usize = 256;

/// What was decided.
#[derive(Debug)]
pub(super) struct Settings<'r> {
    pub(super) max_tokens: u64,
    /// Whether the model thinks.
    pub(super) thinks: bool,
    /// What has to be said in words, as the model has no member for it.
    pub(super) instruction: Option<String>,
    pub(super) told: Told<'r>,
    pub(super) effort: Option<&'static str>,
    pub(super) model: Model,
}

impl<'r> Settings<'r> {
    pub(super) fn of(
        scene: Scene<'r, '_>,
        conversation: &Conversation<'_, '_>,
        notes: &mut Notes,
    ) -> Self {
        let (request, options) = (scene.request, scene.options);
        let model = Model::of(options.model);
        let most = options.profile.max_output;
        let max_tokens = match (request.max_tokens, most) {
            (Some(wish), Some(most)) if !scene.native => wish.min(most),
            (Some(wish), _) => wish,
            (None, Some(most)) => most,
            (None, None) => model.default_output(),
        };
        let mut settings = Self {
            max_tokens: max_tokens.max(1),
            thinks: false,
            instruction: None,
            told: Told::Nothing,
            effort: None,
            model,
        };
        settings.think(scene, notes);
        if !scene.native {
            settings.fit_budget(scene, conversation, notes);
        }
        settings.thinks = match settings.told {
            Told::Nothing | Told::Off => false,
            Told::Adaptive | Told::Budget(_) => true,
            Told::Raw(_) => request.thinking.is_some_and(|it| it.amount != Amount::Off),
        };
        if let Some(Format::Schema { schema, .. }) = &request.format
            && !settings.takes_format(scene)
        {
            notes.add(
                "format",
                "told as an instruction: the model cannot be held to a schema",
            );
            let told = "Answer with nothing but JSON of this schema, without a fence around it: ";
            settings.instruction = Some(format!("{told}{}", schema.as_str()));
        }
        settings
    }

    fn takes_format(&self, scene: Scene<'_, '_>) -> bool {
        scene.native || (self.model.schemas() && scene.options.profile.response_format)
    }

    pub(super) fn write(&self, scene: Scene<'_, '_>, notes: &mut Notes, out: &mut Writer) {
        self.write_thinking(scene, out);
        self.write_config(scene, notes, out);
        self.write_sampling(scene, notes, out);
        write_stops(scene, notes, out);
        write_user(scene, notes, out);
        match scene.request.service_tier.as_deref() {
            Some(tier) if scene.native || tier == "auto" => {
                out.key("service_tier").string(tier);
            }
            Some("default") => {
                out.key("service_tier").string("standard_only");
            }
            Some(_) => notes.add("service_tier", "left out: the provider has no such tier"),
            None => {}
        }
    }

    /// `output_config`
    fn write_config(&self, scene: Scene<'_, '_>, notes: &mut Notes, out: &mut Writer) {
        let format = scene.request.format.as_ref();
        let format = match format.filter(|_| self.takes_format(scene)) {
            Some(Format::Json) => {
                notes.add(
                    "format",
                    "left out: the provider knows no JSON without a schema",
                );
                None
            }
            Some(Format::Schema { name, schema, .. }) => Some((name, schema)),
            None => None,
        };
        let left = left(scene, "output_config").filter(|_| scene.native);
        if format.is_none() && self.effort.is_none() && left.is_none() {
            return;
        }
        out.key("output_config").object();
        if let Some(effort) = self.effort {
            out.key("effort").string(effort);
        }
        if let Some((name, schema)) = format {
            out.key("format").object().key("type").string("json_schema");
            if let Some(name) = name.as_deref().filter(|_| scene.native) {
                out.key("name").string(name);
            }
            match scene.native {
                true => out.key("schema").json(schema),
                false => out.key("schema").raw(&schema::of_answer(schema)),
            };
            out.end_object();
        }
        write_members(left, out);
        out.end_object();
    }

    fn write_sampling(&self, scene: Scene<'_, '_>, notes: &mut Notes, out: &mut Writer) {
        let sampling = &scene.request.sampling;
        let numbers = [
            ("temperature", &sampling.temperature),
            ("top_p", &sampling.top_p),
            ("top_k", &sampling.top_k),
        ];
        for (name, number) in numbers {
            let Some(number) = number else { continue };
            let text = number.as_str();
            let fitting = match scene.native {
                true => Some(text),
                false => self.fitting(scene, name, text),
            };
            match fitting {
                Some(fitting) => {
                    out.key(name).raw(fitting);
                    if fitting != text {
                        notes.add(name, "brought into the provider's bounds");
                    }
                }
                None => notes.add(name, "left out: the model does not take it so"),
            }
        }
        for (name, number) in [
            ("seed", &sampling.seed),
            ("frequency_penalty", &sampling.frequency_penalty),
            ("presence_penalty", &sampling.presence_penalty),
        ] {
            if number.is_some() {
                notes.add(name, "left out: the provider has nothing like it");
            }
        }
    }

    /// The number as it can be sent.
    fn fitting<'t>(&self, scene: Scene<'_, '_>, name: &str, text: &'t str) -> Option<&'t str> {
        let number: f64 = text.parse().ok()?;
        if !self.model.samples() {
            return None;
        }
        match name {
            "temperature" if self.thinks => (number == 1.0).then_some(text),
            "temperature" if number > 1.0 => Some("1"),
            "temperature" if number < 0.0 => Some("0"),
            "temperature" => Some(text),
            "top_k" => (!self.thinks && number >= 0.0).then_some(text),
            _ => {
                let alone =
                    self.model.samples_both() || scene.request.sampling.temperature.is_none();
                let least = if self.thinks { 0.95 } else { 0.0 };
                (alone && (least..=1.0).contains(&number)).then_some(text)
            }
        }
    }
}

fn write_stops(scene: Scene<'_, '_>, notes: &mut Notes, out: &mut Writer) {
    let stops = &scene.request.stop;
    if stops.is_empty() {
        return;
    }
    let fits = |stop: &str| scene.native || !stop.trim().is_empty();
    if stops.iter().any(|stop| !fits(stop)) {
        notes.add(
            "stop",
            "left out: the provider takes no stops of white space",
        );
    }
    if !stops.iter().any(|stop| fits(stop)) {
        return;
    }
    out.key("stop_sequences").array();
    for stop in stops.iter().filter(|stop| fits(stop)) {
        out.string(stop);
    }
    out.end_array();
}

/// `metadata`
fn write_user(scene: Scene<'_, '_>, notes: &mut Notes, out: &mut Writer) {
    let request = scene.request;
    let user = request.user.as_deref().or(request.cache_key.as_deref());
    let fits = |user: &&str| scene.native || user.chars().count() <= MAX_USER;
    if user.is_some_and(|user| !fits(&user)) {
        notes.add("user", "left out: it is too long");
    }
    let user = user.filter(fits);
    let left = left(scene, "metadata").filter(|_| scene.native);
    if user.is_none() && left.is_none() {
        return;
    }
    out.key("metadata").object();
    if let Some(user) = user {
        out.key("user_id").string(user);
    }
    write_members(left, out);
    out.end_object();
}

/// A member that the reader left, as it wrote it.
pub(super) fn left<'r>(scene: Scene<'r, '_>, name: &str) -> Option<&'r Json<'r>> {
    let members = &scene.request.extra.members;
    let (_, value) = members.iter().find(|(key, _)| key == name)?;
    Some(value)
}

/// Writes what is in an object.
fn write_members(object: Option<&Json<'_>>, out: &mut Writer) {
    let Some(object) = object else { return };
    let object = object.as_str();
    let mut cursor = Cursor::new(object.as_bytes());
    cursor.object(|key, cursor| {
        let value = std::str::from_utf8(cursor.value());
        if let Ok(value) = value {
            out.key(&key.decode()).raw(value);
        }
    });
}
