//! Grading a prompt: another model judges what a person wrote to an agent, by five criteria, and
//! writes it better. What is pure of it is here: which texts are the person's, what the judge is
//! asked, what its answer says. It costs money, so it happens only when somebody asks for it.

mod judge;
mod texts;
mod verdict;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use judge::question;
pub use texts::{system_texts, user_texts};
pub use verdict::{Verdict, read_answer};

/// The class that a judge's own request has, in records; figures leave it out.
pub const CLASS: &str = "grading";
/// The best score of a criterion and of the whole; 1 is the worst.
pub const MAX_SCORE: f64 = 5.0;

/// What a request for a grade says: the conversation as its client sent it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GradeRequest {
    /// The messages: of Messages or Chat, the `input` of Responses, the `contents` of Gemini.
    /// Without them those of the exchange `request_id` are taken.
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    pub messages: Option<serde_json::Value>,
    /// The system prompt: a text, or a list of blocks with texts.
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    pub system_messages: Option<serde_json::Value>,
    /// The exchange that the grade is kept with; none keeps it nowhere.
    #[serde(default)]
    pub request_id: Option<String>,
}

/// The grade of a prompt, as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromptGrade {
    /// 1 to [`MAX_SCORE`], 0 while the judge is at work.
    pub score: f64,
    /// [`MAX_SCORE`].
    pub max_score: f64,
    /// What is good and what is not.
    pub feedback: String,
    /// The prompt as the judge would have written it.
    pub improved_prompt: String,
    /// The five criteria; absent while the judge is at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub criteria: Option<Criteria>,
    /// When it was graded (RFC 3339).
    pub grading_timestamp: String,
    /// Whether the judge is still at work.
    pub is_processing: bool,
}

/// The five things that a prompt is judged by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Criteria {
    /// Whether it can be misunderstood.
    pub clarity: Criterion,
    /// Whether the model has what it needs to know.
    pub context: Criterion,
    /// Whether it is in an order that can be followed.
    pub structure: Criterion,
    /// Whether examples show what is meant, where words do not.
    pub examples: Criterion,
    /// Whether it suits the task at hand.
    pub task_specific: Criterion,
}

/// The grade of one criterion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Criterion {
    /// 1 to [`MAX_SCORE`].
    pub score: f64,
    /// Why.
    pub feedback: String,
}

impl PromptGrade {
    /// The grade that a judge gave, at `now` (RFC 3339).
    #[must_use]
    pub fn of(verdict: Verdict, now: String) -> Self {
        Self {
            score: verdict.score,
            max_score: MAX_SCORE,
            feedback: verdict.feedback,
            improved_prompt: verdict.improved_prompt,
            criteria: Some(verdict.criteria),
            grading_timestamp: now,
            is_processing: false,
        }
    }

    /// What stands there while the judge is at work since `now` (RFC 3339).
    #[must_use]
    pub fn processing(now: String) -> Self {
        Self {
            score: 0.0,
            max_score: MAX_SCORE,
            feedback: String::new(),
            improved_prompt: String::new(),
            criteria: None,
            grading_timestamp: now,
            is_processing: true,
        }
    }
}

/// Why a prompt has no grade.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GradeError {
    /// There is no text of a person in it.
    #[error(
        "`messages`: no text that a person wrote; what agents put in by themselves is not graded"
    )]
    NothingToGrade,
    /// The judge's answer is no verdict; the text says what is wrong.
    #[error("the judge's answer cannot be used: {0}")]
    BadVerdict(String),
}

/// At most `most` bytes of a text, cut between characters.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
