//! Reading what a judge answered: the input of its tool call, a fenced block of JSON, or whatever
//! JSON stands in its text.

use serde_json::{Map, Value};

use super::judge::TOOL;
use super::{Criteria, Criterion, GradeError, MAX_SCORE, cut};

/// Longest explanation that is kept, in bytes.
const MAX_FEEDBACK: usize = 8 * 1024;
/// Longest improved prompt that is kept, in bytes.
const MAX_PROMPT: usize = 64 * 1024;

/// What a judge found, every score within its bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// 1 to [`MAX_SCORE`].
    pub score: f64,
    /// What is good and what is not.
    pub feedback: String,
    /// The prompt written anew.
    pub improved_prompt: String,
    /// The five criteria.
    pub criteria: Criteria,
}

/// Reads the answer to [`question`](super::question): a whole response in the Messages dialect.
///
/// # Errors
/// [`GradeError::BadVerdict`], which says what is missing.
pub fn read_answer(answer: &[u8]) -> Result<Verdict, GradeError> {
    let answer: Value = serde_json::from_slice(answer).map_err(|_| bad("it is not JSON"))?;
    let blocks = answer.get("content").and_then(Value::as_array);
    let blocks = blocks.ok_or_else(|| bad("it has no content"))?;
    let handed_in = |block: &&Value| block["type"] == "tool_use" && block["name"] == TOOL;
    if let Some(Value::Object(input)) = blocks.iter().find(handed_in).map(|block| &block["input"]) {
        return read(input);
    }
    let texts = blocks.iter().filter_map(|block| block["text"].as_str());
    let text = texts.collect::<Vec<_>>().join("\n");
    match within(&text) {
        Some(fields) => read(&fields),
        None if answer["stop_reason"] == "max_tokens" => Err(bad("it was cut off")),
        None if answer["stop_reason"] == "refusal" => Err(bad("the judge refused")),
        None => Err(bad("there is no JSON object in it")),
    }
}

/// The object in a text: in a fenced block if there is one, else from the first brace to the last.
fn within(text: &str) -> Option<Map<String, Value>> {
    let fenced = text.match_indices("```").filter_map(|(at, fence)| {
        let block = text.get(at + fence.len()..)?;
        let (word, rest) = block.split_once('\n')?;
        let is_json = matches!(word.trim(), "" | "json" | "JSON");
        is_json.then_some(rest)
    });
    // The improved prompt may have fences of its own, so that the first that closes need not be
    // the block's; a block that parses is the block.
    for block in fenced {
        let ends = block.match_indices("```").map(|(at, _)| at);
        let found = ends
            .filter_map(|end| serde_json::from_str(block.get(..end)?).ok())
            .next();
        if found.is_some() {
            return found;
        }
    }
    let (from, to) = (text.find('{')?, text.rfind('}')?);
    serde_json::from_str(text.get(from..=to)?).ok()
}

fn read(fields: &Map<String, Value>) -> Result<Verdict, GradeError> {
    // Judges that were only told in words tend to leave out the level in between.
    let criteria = fields
        .get("criteria")
        .and_then(Value::as_object)
        .unwrap_or(fields);
    let criteria = Criteria {
        clarity: criterion(criteria, "clarity")?,
        context: criterion(criteria, "context")?,
        structure: criterion(criteria, "structure")?,
        examples: criterion(criteria, "examples")?,
        task_specific: criterion(criteria, "taskSpecific")?,
    };
    let score = match fields.get("overallScore") {
        Some(score) => bounded(score).ok_or_else(|| bad("`overallScore` is not a number"))?,
        None => mean(&criteria),
    };
    Ok(Verdict {
        score,
        feedback: text(fields, "detailedFeedback", MAX_FEEDBACK),
        improved_prompt: text(fields, "improvedPrompt", MAX_PROMPT),
        criteria,
    })
}

fn criterion(criteria: &Map<String, Value>, name: &str) -> Result<Criterion, GradeError> {
    let missing = || bad(&format!("`{name}` has no score"));
    let found = criteria.get(name).ok_or_else(missing)?;
    let score = bounded(found.get("score").unwrap_or(found)).ok_or_else(missing)?;
    let feedback = found
        .as_object()
        .map(|fields| text(fields, "feedback", MAX_FEEDBACK));
    Ok(Criterion {
        score,
        feedback: feedback.unwrap_or_default(),
    })
}

/// A score within its bounds, from a number or from a text such as `4` or `4/5`.
fn bounded(score: &Value) -> Option<f64> {
    let number = match score {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.split('/').next()?.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then(|| number.clamp(1.0, MAX_SCORE))
}

fn mean(criteria: &Criteria) -> f64 {
    let Criteria {
        clarity,
        context,
        structure,
        examples,
        task_specific,
    } = criteria;
    let all = [clarity, context, structure, examples, task_specific];
    let sum: f64 = all.iter().map(|criterion| criterion.score).sum();
    (sum / 5.0 * 10.0).round() / 10.0
}

fn text(fields: &Map<String, Value>, name: &str, most: usize) -> String {
    let text = fields.get(name).and_then(Value::as_str).unwrap_or_default();
    cut(text.trim(), most).to_owned()
}

fn bad(what: &str) -> GradeError {
    GradeError::BadVerdict(what.to_owned())
}
