// One view of what any dialect asks and answers. Everything keeps the JSON that it was made from (`raw`), so that
// nothing is lost by what a kind has no field for.

export interface Source {
  readonly kind: 'data' | 'url' | 'file' | 'none';
  /** Base64, an address, or the id of an uploaded file. */
  readonly value: string;
}

interface Base {
  readonly raw: unknown;
  /** What a mark for the prompt cache says, for example `ephemeral 1h`. */
  readonly cache?: string;
}

export interface Citation {
  readonly title: string;
  readonly quote: string;
  readonly url?: string;
  readonly raw: unknown;
}

export interface TextBlock extends Base {
  readonly kind: 'text';
  readonly text: string;
  readonly citations: readonly Citation[];
  /** The model refused, in these words. */
  readonly refusal?: boolean;
}
export interface ThinkingBlock extends Base {
  readonly kind: 'thinking';
  readonly text: string;
  /** Bytes of the signature or of the encrypted content that goes with it. */
  readonly signature?: number;
}
export interface RedactedBlock extends Base {
  readonly kind: 'redacted';
  readonly size: number;
}
export interface ToolCallBlock extends Base {
  readonly kind: 'toolCall';
  readonly id: string;
  readonly name: string;
  /** The arguments, or their text when that is not JSON. */
  readonly input: unknown;
  /** The provider runs it itself. */
  readonly server: boolean;
}
export interface ToolResultBlock extends Base {
  readonly kind: 'toolResult';
  readonly id: string;
  /** Known when the dialect says it or when the call is in the same conversation. */
  readonly name?: string;
  /** The file that the call was about, likewise. */
  readonly path?: string;
  readonly isError: boolean;
  readonly blocks: readonly Block[];
}
export interface ImageBlock extends Base {
  readonly kind: 'image';
  readonly mediaType: string;
  readonly source: Source;
}
export interface DocumentBlock extends Base {
  readonly kind: 'document';
  readonly title: string;
  readonly mediaType: string;
  readonly source: Source;
  readonly text?: string;
}
export interface SearchResultBlock extends Base {
  readonly kind: 'searchResult';
  readonly title: string;
  readonly url: string;
  readonly text: string;
}
export interface UnknownBlock extends Base {
  readonly kind: 'unknown';
  readonly type: string;
}

export type Block =
  | TextBlock
  | ThinkingBlock
  | RedactedBlock
  | ToolCallBlock
  | ToolResultBlock
  | ImageBlock
  | DocumentBlock
  | SearchResultBlock
  | UnknownBlock;

/** One entry of the conversation. */
export interface Message {
  /** Its place in the request's own list. */
  readonly index: number;
  readonly role: string;
  readonly blocks: readonly Block[];
  /** The same for messages that say the same, whatever cache marks they carry. */
  readonly key: string;
  readonly raw: unknown;
}

export interface SystemBlock {
  readonly text: string;
  readonly cache?: string;
  /** The role of the message that it came as, where it did. */
  readonly role?: string;
  /** Its place in the request's list of messages, where it came as one. */
  readonly index?: number;
  readonly raw: unknown;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  /** The JSON schema or grammar of its input, if it has any. */
  readonly schema?: unknown;
  /** `function`, `custom`, or the type of one that the provider runs itself. */
  readonly type: string;
  readonly deferred: boolean;
  readonly cache?: string;
  readonly raw: unknown;
}

export interface RequestView {
  readonly dialect: string;
  readonly model?: string;
  readonly system: readonly SystemBlock[];
  readonly tools: readonly Tool[];
  readonly messages: readonly Message[];
  /** All other fields of the body. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The body is not an object that a dialect could have: it can only be shown raw. */
  readonly opaque: boolean;
  readonly raw: unknown;
}

export interface ResponseView {
  readonly messages: readonly Message[];
  readonly id?: string;
  readonly model?: string;
  readonly stopReason?: string;
  readonly usage?: unknown;
  readonly error?: { readonly type: string; readonly message: string };
  /** All other fields of the body. */
  readonly rest: Readonly<Record<string, unknown>>;
  readonly opaque: boolean;
  readonly raw: unknown;
}
