//! The form between dialects: a conversation and the answer to it, without anybody's spelling.
//!
//! Texts borrow from the body that they were read from wherever they stand there as they mean.
//! JSON that is nobody's business on the way (schemas, arguments of tools, unknown members) is
//! kept as it was written, number by number.

use std::borrow::Cow;

use super::json::Json;
use crate::dialect::Dialect;
use crate::usage::Usage;

/// A text of the form.
pub type Text<'a> = Cow<'a, str>;

/// Members that the form has no place for, as `dialect` wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra<'a> {
    /// Name and value, in the order in which they came.
    pub members: Vec<(Text<'a>, Json<'a>)>,
}

/// A conversation and what is wanted next.
#[derive(Clone, Debug, PartialEq)]
pub struct Request<'a> {
    /// The dialect that it was read from; [`Extra`] lists and [`Body::Foreign`] are in its words.
    pub dialect: Dialect,
    /// The model.
    pub model: Text<'a>,
    /// Instructions before the conversation, in order.
    pub system: Vec<Part<'a>>,
    /// The conversation, in order. Roles need not alternate.
    pub turns: Vec<Turn<'a>>,
    /// Tools, in order.
    pub tools: Vec<Tool<'a>>,
    /// Whether a tool must be called.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether several may be called at once; none leaves it to the provider.
    pub parallel_tools: Option<bool>,
    /// Most tokens of the answer.
    pub max_tokens: Option<u64>,
    /// Sampling, as numbers are written.
    pub sampling: Sampling<'a>,
    /// Texts that end the answer.
    pub stop: Vec<Text<'a>>,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// What is wanted of thinking.
    pub thinking: Option<Thinking>,
    /// The answer's form, when that is not plain text.
    pub format: Option<Format<'a>>,
    /// Who the provider's customer serves: Anthropic's `metadata.user_id`, OpenAI's `user`.
    pub user: Option<Text<'a>>,
    /// What brings requests to the same prompt cache: OpenAI's `prompt_cache_key`.
    pub cache_key: Option<Text<'a>>,
    /// The service tier, in the words of `dialect`.
    pub service_tier: Option<Text<'a>>,
    /// The rest of the body.
    pub extra: Extra<'a>,
}

/// Numbers that steer sampling, each as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sampling<'a> {
    /// `temperature`
    pub temperature: Option<Json<'a>>,
    /// `top_p`
    pub top_p: Option<Json<'a>>,
    /// `top_k`
    pub top_k: Option<Json<'a>>,
    /// `seed`
    pub seed: Option<Json<'a>>,
    /// `frequency_penalty`
    pub frequency_penalty: Option<Json<'a>>,
    /// `presence_penalty`
    pub presence_penalty: Option<Json<'a>>,
}

/// Who speaks in a turn. Results of tools are parts of a user's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions in the middle of a conversation.
    System,
    /// The person, and the tools.
    User,
    /// The model.
    Assistant,
}

/// One turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part<'a>>,
    /// The rest of the message.
    pub extra: Extra<'a>,
}

/// A piece of a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Part<'a> {
    /// What it is.
    pub body: Body<'a>,
    /// Anthropic's `cache_control`: the prompt up to here is to be cached.
    pub cache: Option<Json<'a>>,
    /// The rest of the block.
    pub extra: Extra<'a>,
}

impl<'a> From<Body<'a>> for Part<'a> {
    fn from(body: Body<'a>) -> Self {
        Self {
            body,
            cache: None,
            extra: Extra::default(),
        }
    }
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq)]
pub enum Body<'a> {
    /// Text.
    Text {
        /// The text.
        text: Text<'a>,
        /// Sources and the like, in the words of the dialect.
        annotations: Vec<Json<'a>>,
    },
    /// Why the model will not answer.
    Refusal {
        /// Its words.
        text: Text<'a>,
    },
    /// A picture.
    Image(Media<'a>),
    /// A document, as a PDF.
    Document {
        /// Where it is.
        media: Media<'a>,
        /// Its name.
        title: Option<Text<'a>>,
        /// What it is about.
        context: Option<Text<'a>>,
    },
    /// Sound.
    Audio(Media<'a>),
    /// A tool is called.
    Call(Call<'a>),
    /// What a tool gave.
    Result {
        /// The id of the call.
        call: Text<'a>,
        /// The tool's name, where the dialect names it.
        name: Option<Text<'a>>,
        /// What it gave: texts, images, documents.
        parts: Vec<Part<'a>>,
        /// Whether it failed.
        is_error: bool,
    },
    /// The model's thinking.
    Thinking {
        /// What of it is shown; may be empty.
        text: Text<'a>,
        /// What proves or holds it.
        opaque: Option<Opaque<'a>>,
        /// The id of the item (Responses).
        id: Option<Text<'a>>,
    },
    /// A block or item that only `dialect` knows: a tool that the provider runs, its result, ...
    Foreign {
        /// Its type in that dialect.
        kind: Text<'a>,
        /// All of it.
        json: Json<'a>,
    },
}

/// Where bytes of a kind are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media<'a> {
    /// The media type where it is known, such as `image/png`; for [`Place::Text`] `text/plain`.
    pub kind: Option<Text<'a>>,
    /// Where they are.
    pub place: Place<'a>,
    /// How closely to look (OpenAI's `detail`).
    pub detail: Option<Text<'a>>,
}

/// Where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// Here, in base64.
    Base64(Text<'a>),
    /// Here, as text.
    Text(Text<'a>),
    /// At an address.
    Url(Text<'a>),
    /// In the provider's own store, by id.
    File(Text<'a>),
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// Its id; empty where the dialect gives none (Gemini), in which case whoever writes another
    /// dialect makes one.
    pub id: Text<'a>,
    /// The tool.
    pub name: Text<'a>,
    /// What it is called with.
    pub input: Input<'a>,
    /// The id of the item beside that of the call (Responses).
    pub item: Option<Text<'a>>,
    /// Opaque reasoning that travels with the call (Gemini's `thoughtSignature`).
    pub opaque: Option<Opaque<'a>>,
}

/// What a tool is called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// An object, as it was written.
    Json(Json<'a>),
    /// Free text: Codex's `apply_patch` and its like, or arguments that are no JSON.
    Text(Text<'a>),
}

/// A value that only its issuer can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque<'a> {
    /// The value: a signature, encrypted content.
    pub value: Text<'a>,
    /// What it is.
    pub kind: OpaqueKind,
}

/// What an opaque value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpaqueKind {
    /// Anthropic's `signature` of a thinking block.
    Signature,
    /// Anthropic's `redacted_thinking`.
    Redacted,
    /// OpenAI's `encrypted_content`.
    Encrypted,
    /// Gemini's `thoughtSignature`.
    ThoughtSignature,
}

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool<'a> {
    /// What it is.
    pub kind: ToolKind<'a>,
    /// Anthropic's `cache_control`.
    pub cache: Option<Json<'a>>,
    /// The rest of the definition.
    pub extra: Extra<'a>,
}

/// What a tool is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolKind<'a> {
    /// A function that the client runs.
    Function {
        /// Its name.
        name: Text<'a>,
        /// What it does.
        description: Option<Text<'a>>,
        /// The JSON schema of its input; none takes no input.
        schema: Option<Json<'a>>,
        /// Whether the input must fit the schema.
        strict: Option<bool>,
    },
    /// A tool whose input is free text (OpenAI's `custom`).
    Freeform {
        /// Its name.
        name: Text<'a>,
        /// What it does.
        description: Option<Text<'a>>,
        /// OpenAI's `format`: a grammar.
        format: Option<Json<'a>>,
    },
    /// A tool that the provider runs or has trained: web search, code execution, ...
    Server {
        /// Its type in that dialect, with its date.
        kind: Text<'a>,
        /// The name that calls use, where there is one.
        name: Option<Text<'a>>,
        /// All of it.
        json: Json<'a>,
    },
}

/// Whether a tool must be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    /// As the model likes.
    Auto,
    /// No tool.
    None,
    /// Any, but one.
    Any,
    /// This one.
    Tool(Text<'a>),
    /// In the words of the dialect.
    Foreign(Json<'a>),
}

/// What is wanted of thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thinking {
    /// How much.
    pub amount: Amount,
    /// Whether it is to be shown; none leaves it to the provider.
    pub shown: Option<bool>,
}

/// How much thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// None.
    Off,
    /// As the model likes.
    Adaptive,
    /// At most so many tokens.
    Tokens(u64),
    /// So much.
    Effort(Effort),
}

/// Steps of effort, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// `minimal`
    Minimal,
    /// `low`
    Low,
    /// `medium`
    Medium,
    /// `high`
    High,
    /// `xhigh`
    ExtraHigh,
    /// `max`
    Max,
}

/// The answer's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format<'a> {
    /// Any JSON object.
    Json,
    /// JSON of this schema.
    Schema {
        /// Its name, where the dialect has one.
        name: Option<Text<'a>>,
        /// What it is for.
        description: Option<Text<'a>>,
        /// The schema.
        schema: Json<'a>,
        /// Whether it must fit.
        strict: Option<bool>,
    },
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<'a> {
    /// The dialect that it was read from.
    pub dialect: Dialect,
    /// The provider's id of it.
    pub id: Text<'a>,
    /// The model that gave it.
    pub model: Text<'a>,
    /// What it says, in order: text, thinking, calls, refusals, what only the dialect knows.
    pub parts: Vec<Part<'a>>,
    /// Why it ended.
    pub stop: Stop<'a>,
    /// Tokens.
    pub usage: Option<Usage>,
    /// The rest of it.
    pub extra: Extra<'a>,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop<'a> {
    /// It was complete.
    EndTurn,
    /// It was as long as it may be.
    MaxTokens,
    /// One of the request's stops; which one, where the dialect tells.
    Sequence(Option<Text<'a>>),
    /// Tools are to be run.
    ToolUse,
    /// The model or the provider refused.
    Refusal,
    /// A long turn of the provider's own tools is to be continued.
    Pause,
    /// The context window is full.
    ContextWindow,
    /// The model called a tool in a way that cannot be read.
    MalformedCall,
    /// In the words of the dialect.
    Other(Text<'a>),
}
