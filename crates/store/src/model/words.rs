//! The words of the API's JSON that are a closed set, for its description.

use utoipa::openapi::schema::Object;
use weir_core::described::one_of;
use weir_wire::facts::context::{PartKind, Reason, Section};

use crate::summary::State;
use crate::turns::{Relation, TurnKind};

pub(crate) fn states() -> Object {
    let all = (0..=State::Lost as i64).map(State::from_number);
    one_of(all.map(State::as_str))
}

pub(crate) fn verdicts() -> Object {
    one_of(["identical", "edited", "translated", "unknown"])
}

pub(crate) fn header_changes() -> Object {
    one_of(["added", "removed", "changed"])
}

pub(crate) fn groupings() -> Object {
    one_of(["session", "conversation"])
}

pub(crate) fn turn_kinds() -> Object {
    use TurnKind::{Count, Main, Probe, Retry, Side, Subagent};
    one_of([Main, Subagent, Side, Count, Retry, Probe].map(TurnKind::as_str))
}

pub(crate) fn relations() -> Object {
    use Relation::{Compaction, Extends, Fork, New, Retry};
    one_of([New, Extends, Fork, Compaction, Retry].map(Relation::as_str))
}

pub(crate) fn part_kinds() -> Object {
    use PartKind::{
        Assistant, File, Image, Other, System, Thinking, ToolCall, ToolResult, Tools, User,
    };
    let all = [
        System, Tools, User, Assistant, Thinking, ToolCall, ToolResult, File, Image, Other,
    ];
    one_of(all.map(PartKind::as_str))
}

pub(crate) fn miss_reasons() -> Object {
    use Reason::{
        Expired, FirstTurn, HistoryChanged, ModelChanged, NoBreakpoint, Other, ProviderChanged,
        SystemChanged, ToolsChanged,
    };
    let all = [
        Expired,
        ToolsChanged,
        SystemChanged,
        ModelChanged,
        HistoryChanged,
        NoBreakpoint,
        FirstTurn,
        ProviderChanged,
        Other,
    ];
    one_of(all.map(Reason::as_str))
}

pub(crate) fn sections() -> Object {
    let all = [Section::Tools, Section::System, Section::Messages];
    one_of(all.map(Section::as_str))
}
