//! What each dialect can say. What is not here, all of them can: texts, pictures in base64, calls
//! and their results, tools with their schemas, any choice of them, the length of an answer, its
//! schema, low, medium and high effort, and one of temperature and top_p.
//!
//! Not kept by any pair, and so not generated: where one text part ends and the next begins,
//! several system texts apart, names of tools over 64 characters (shortened for the provider, told
//! back to the client), marks for caches, provider's own tools and items, the session and person
//! of a user between Anthropic and others (hashed), annotations, pictures in results before the text.

use weir_wire::dialect::Dialect;

/// What a request may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Can {
    /// Tell a failed result from others. OpenAI's get the word `Error:` before the text.
    pub failed_results: bool,
    /// Pictures in results. Chat's go to the user's message behind them.
    pub pictures_in_results: bool,
    /// Pictures at an address of any kind. Google is given base64 or files of its own.
    pub pictures_by_url: bool,
    /// How closely a picture is looked at.
    pub detail: bool,
    /// Documents with their names. Google's have none.
    pub titles: bool,
    /// Instructions in the middle. Anthropic's and Google's are the user's words with a mark.
    pub later_instructions: bool,
    /// Text behind calls in one turn. In a Chat message it stands before them.
    pub text_after_calls: bool,
    /// No bound to the answer. Anthropic must be told one.
    pub unbounded: bool,
    /// Several calls at once forbidden or allowed.
    pub parallel: bool,
    /// `temperature` above 1, and beside `top_p`
    pub hot: bool,
    /// `top_k`
    pub top_k: bool,
    /// `seed`
    pub seed: bool,
    /// `frequency_penalty`, `presence_penalty`
    pub penalties: bool,
    /// Texts that end the answer. What a provider does not take is done on the way back.
    pub stops: usize,
    /// Thinking forbidden. Google's third generation thinks a little at least.
    pub no_thinking: bool,
    /// A tool demanded of a model that thinks.
    pub forced_thinker: bool,
    /// JSON without a schema.
    pub plain_json: bool,
    /// The name of a schema, and that it is strict.
    pub named_schema: bool,
    /// Strict tools.
    pub strict_tools: bool,
    /// User, cache key and tier as they are.
    pub customer: bool,
}

/// Everything.
const ALL: Can = Can {
    failed_results: true,
    pictures_in_results: true,
    pictures_by_url: true,
    detail: true,
    titles: true,
    later_instructions: true,
    text_after_calls: true,
    unbounded: true,
    parallel: true,
    hot: true,
    top_k: true,
    seed: true,
    penalties: true,
    stops: 8,
    no_thinking: true,
    forced_thinker: true,
    plain_json: true,
    named_schema: true,
    strict_tools: true,
    customer: true,
};

impl Can {
    /// What `dialect` can say.
    pub(crate) fn of(dialect: Dialect) -> Self {
        let all = ALL;
        match dialect {
            Dialect::AnthropicMessages => Self {
                detail: false,
                later_instructions: false,
                unbounded: false,
                hot: false,
                seed: false,
                penalties: false,
                forced_thinker: false,
                plain_json: false,
                named_schema: false,
                customer: false,
                ..all
            },
            Dialect::OpenaiChat => Self {
                failed_results: false,
                pictures_in_results: false,
                text_after_calls: false,
                stops: 4,
                ..all
            },
            Dialect::OpenaiResponses => Self {
                failed_results: false,
                top_k: false,
                seed: false,
                penalties: false,
                stops: 0,
                ..all
            },
            Dialect::Gemini => Self {
                pictures_by_url: false,
                detail: false,
                titles: false,
                later_instructions: false,
                parallel: false,
                stops: 5,
                no_thinking: false,
                named_schema: false,
                strict_tools: false,
                customer: false,
                ..all
            },
        }
    }

    /// What both can say.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            failed_results: self.failed_results && other.failed_results,
            pictures_in_results: self.pictures_in_results && other.pictures_in_results,
            pictures_by_url: self.pictures_by_url && other.pictures_by_url,
            detail: self.detail && other.detail,
            titles: self.titles && other.titles,
            later_instructions: self.later_instructions && other.later_instructions,
            text_after_calls: self.text_after_calls && other.text_after_calls,
            unbounded: self.unbounded && other.unbounded,
            parallel: self.parallel && other.parallel,
            hot: self.hot && other.hot,
            top_k: self.top_k && other.top_k,
            seed: self.seed && other.seed,
            penalties: self.penalties && other.penalties,
            stops: self.stops.min(other.stops),
            no_thinking: self.no_thinking && other.no_thinking,
            forced_thinker: self.forced_thinker && other.forced_thinker,
            plain_json: self.plain_json && other.plain_json,
            named_schema: self.named_schema && other.named_schema,
            strict_tools: self.strict_tools && other.strict_tools,
            customer: self.customer && other.customer,
        }
    }
}
