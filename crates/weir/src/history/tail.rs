//! Exchanges as they end, from a gateway that runs: asked again when it is gone for a while, and
//! caught up with then.

use std::collections::{HashSet, VecDeque};
use std::process::ExitCode;
use std::time::Duration;

use super::door::{self, Door};
use super::lines::{self, Exchange};
use super::{PAGE, Page, Printer, page};
use crate::cli::Tail;
use crate::client::{Event, Events};
use crate::lines::{clean_lines, complain};

/// Where exchanges are told as they begin and end.
const LIVE: &str = "/api/live";
/// Pauses before a gateway that is gone is asked again.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
];
/// Most exchanges that are known to have been printed.
const MOST_KNOWN: usize = 20_000;

/// Runs `weir tail`.
///
/// # Errors
/// When the history cannot be had, or there is nothing to follow.
pub(crate) fn run(options: &Tail) -> anyhow::Result<ExitCode> {
    door::within(&options.history, async |door| {
        let mut following = Following {
            door,
            options,
            printer: Printer::new(options.json),
            known: Known::default(),
            from: String::new(),
        };
        if options.follow {
            following.is_possible()?;
            // Before the list, so that nothing falls between the two.
            let events = door.client.follow(LIVE).await?;
            following.begin().await?;
            following.go_on(events).await
        } else {
            following.begin().await?;
            Ok(ExitCode::SUCCESS)
        }
    })
}

/// Ids that were printed already, the newest of them.
#[derive(Debug, Default)]
struct Known {
    order: VecDeque<String>,
    ids: HashSet<String>,
}

impl Known {
    /// Whether it was not known yet.
    fn add(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > MOST_KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

/// What is printed so far.
struct Following<'a> {
    door: &'a Door,
    options: &'a Tail,
    printer: Printer,
    known: Known,
    /// The newest exchange at the beginning: what is older is not caught up with.
    from: String,
}

impl Following<'_> {
    /// # Errors
    /// When nothing would ever come.
    fn is_possible(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.door.is_running(),
            "--follow needs a weir that runs; without it what is kept is listed, or name one with --url"
        );
        let narrow = &self.options.narrow;
        anyhow::ensure!(
            narrow.search.is_none() && narrow.until.is_none(),
            "--search and --until look at what is kept; they cannot be used with --follow"
        );
        Ok(())
    }

    /// Prints the newest exchanges.
    async fn begin(&mut self) -> anyhow::Result<()> {
        // One at least, so that a filter that is none is refused.
        let asked = (self.options.limit.max(1), None);
        let Page { exchanges, .. } = page(self.door, &self.options.narrow, asked).await?;
        if let Some(newest) = exchanges.first() {
            self.from.clone_from(&newest.fields.request_id);
        }
        if self.options.limit > 0 {
            self.catch_up(&exchanges)?;
        }
        Ok(())
    }

    /// Prints those of a page, which is newest first; with more to come, what is not over comes
    /// again.
    fn catch_up(&mut self, exchanges: &[Exchange]) -> anyhow::Result<()> {
        for exchange in exchanges.iter().rev() {
            let whole = !self.options.follow || exchange.fields.has_ended();
            if whole && self.known.add(&exchange.fields.request_id) {
                self.printer.print(exchange)?;
            }
        }
        Ok(())
    }

    /// Prints what comes, however often the gateway goes and comes back.
    async fn go_on(&mut self, mut events: Events) -> anyhow::Result<ExitCode> {
        loop {
            match events.any().await {
                Ok(event) => self.hear(&event).await?,
                Err(error) => {
                    complain(&clean_lines(&format!("weir: {error:#}; trying again")));
                    events = self.again(events.last()).await;
                    complain("weir: it is back");
                }
            }
        }
    }

    async fn hear(&mut self, event: &Event) -> anyhow::Result<()> {
        match event.name.as_str() {
            "exchange" => {
                let exchange = Exchange::read(event.read()?)?;
                let one = &exchange.fields;
                let fits = one.has_ended() && lines::fits(&exchange, &self.options.narrow);
                if fits && self.known.add(&one.request_id) {
                    self.printer.print(&exchange)?;
                }
            }
            "missed" | "reset" => {
                match page(self.door, &self.options.narrow, (PAGE, None)).await {
                    Ok(Page { mut exchanges, .. }) => {
                        // Ids are in the order of time.
                        exchanges.retain(|one| one.fields.request_id > self.from);
                        self.catch_up(&exchanges)?;
                    }
                    Err(_) => complain("weir: some are not listed here; `weir log` has them"),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The feed again, from where it broke off.
    async fn again(&self, last: Option<&str>) -> Events {
        let mut pauses = PAUSES.into_iter();
        let mut pause = PAUSES[0];
        loop {
            pause = pauses.next().unwrap_or(pause);
            tokio::time::sleep(pause).await;
            if let Ok(events) = self.door.client.follow_after(LIVE, last).await {
                return events;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use clap::{Args as _, FromArgMatches as _};
    use http::HeaderMap;

    use super::*;
    use crate::client::tests::{client, serve};

    #[test]
    fn what_was_printed_is_known_up_to_a_bound() {
        let mut known = Known::default();
        assert!(known.add("0") && !known.add("0"));
        for id in 1..=MOST_KNOWN {
            assert!(known.add(&id.to_string()));
        }
        assert_eq!(known.ids.len(), MOST_KNOWN);
        assert!(known.add("0"), "it was forgotten");
    }

    #[tokio::test]
    async fn a_feed_that_breaks_off_is_asked_for_again_from_where_it_was() {
        let live = async |headers: HeaderMap| {
            let last = headers.get("last-event-id");
            let last = last.map_or("none", |id| id.to_str().unwrap());
            format!("id: b-1\nevent: exchange\ndata: \"{last}\"\n\n")
        };
        let url = serve(Router::new().route(LIVE, get(live))).await;
        let door = Door::of(client(&url));
        let command = Tail::augment_args(clap::Command::new("tail"));
        let options = command.get_matches_from(["tail", "-f"]);
        let options = Tail::from_arg_matches(&options).unwrap();
        let following = Following {
            door: &door,
            options: &options,
            printer: Printer::new(false),
            known: Known::default(),
            from: String::new(),
        };
        let mut events = door.client.follow(LIVE).await.unwrap();
        assert_eq!(events.next::<String>("exchange").await.unwrap(), "none");
        assert!(events.any().await.is_err());
        let mut events = following.again(events.last()).await;
        assert_eq!(events.next::<String>("exchange").await.unwrap(), "b-1");
    }
}
