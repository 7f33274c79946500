//! What a run has used, in a few lines when it has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use weir_store::SummaryQuery;
use weir_store::model::RequestSummary;

use super::place::Place;
use crate::replay::recording::everything;
use crate::serve::Running;
use crate::table::{Lean, table};
use crate::words::{count, money, span};

/// Exchanges of one model at one provider.
#[derive(Debug, Default)]
struct Used {
    requests: u64,
    input: u64,
    output: u64,
    read: u64,
    written: u64,
    /// In US dollars; none once one of them has no price.
    cost: Option<f64>,
}

/// What a run has used.
#[derive(Debug)]
pub(super) struct Told {
    total: u64,
    failed: u64,
    took_ms: u64,
    used: BTreeMap<(String, String), Used>,
    /// Why nothing is known of it.
    fault: Option<String>,
}

/// Reads what a run has captured.
pub(super) async fn of(running: &Running, took: Duration) -> Told {
    let mut told = Told {
        total: 0,
        failed: 0,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        used: BTreeMap::new(),
        fault: None,
    };
    match running
        .captured()
        .await
        .run(|reader| everything(reader, SummaryQuery::default()))
        .await
    {
        Ok(exchanges) => {
            told.total = exchanges.len() as u64;
            exchanges.iter().for_each(|exchange| told.add(exchange));
        }
        Err(error) => told.fault = Some(error.to_string()),
    }
    told
}

impl Told {
    fn add(&mut self, exchange: &RequestSummary) {
        let refused = exchange.status_code.is_none_or(|status| status >= 400);
        self.failed += u64::from(refused || exchange.stream_error.is_some());
        let Some(usage) = &exchange.usage else { return };
        let model = exchange.routed_model.as_ref().or(exchange.model.as_ref());
        let model = model.map(ToString::to_string).unwrap_or_default();
        let used = self.used.entry((exchange.provider.clone(), model));
        let used = used.or_insert_with(|| Used {
            cost: Some(0.0),
            ..Used::default()
        });
        used.cost = used.cost.zip(exchange.cost).map(|(sum, one)| sum + one);
        used.requests += 1;
        used.input += usage.input_tokens;
        used.output += usage.output_tokens;
        used.read += usage.cache_read_input_tokens.unwrap_or(0);
        used.written += usage.cache_creation_input_tokens.unwrap_or(0);
    }

    /// The lines to print.
    pub(super) fn lines(&self, place: &Place) -> String {
        if let Some(fault) = &self.fault {
            return format!("weir: what the run used is not known: {fault}");
        }
        let exchanges = if self.total == 1 {
            "exchange"
        } else {
            "exchanges"
        };
        let mut lines = format!(
            "\nweir: {} {exchanges} in {}, {} failed",
            self.total,
            span(self.took_ms),
            self.failed
        );
        if !self.used.is_empty() {
            lines.push('\n');
            lines.push_str(&self.table());
        }
        if self.total > 0 {
            let database = place.database.display();
            lines.push_str(&format!("\nlook at them: weir serve --db {database}"));
        }
        lines
    }

    fn table(&self) -> String {
        let head = [
            ("PROVIDER", Lean::Left),
            ("MODEL", Lean::Left),
            ("REQS", Lean::Right),
            ("INPUT", Lean::Right),
            ("OUTPUT", Lean::Right),
            ("CACHED", Lean::Right),
            ("HIT", Lean::Right),
            ("COST", Lean::Right),
        ];
        let rows = self.used.iter().map(|((provider, model), used)| {
            let all = used.input + used.read + used.written;
            let hit = (used.read * 100).checked_div(all);
            [
                provider.clone(),
                model.clone(),
                count(used.requests),
                count(all),
                count(used.output),
                count(used.read),
                hit.map_or_else(|| "-".to_owned(), |hit| format!("{hit}%")),
                money(used.cost),
            ]
        });
        let rows: Vec<_> = rows.collect();
        table(head, &rows)
    }
}
