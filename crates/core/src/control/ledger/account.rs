//! The account of one scope.

use crate::bucket::Bucket;
use crate::clock::Now;
use crate::control::budget::{Budget, Money, Period};
use crate::control::refusal::{Code, Refusal};
use crate::control::scope::{Scope, ScopeId};

use super::Amounts;

/// What was used in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The period.
    pub period: Period,
    /// When it began, in seconds since the Unix epoch.
    pub start: i64,
    /// Money and tokens.
    pub amounts: Amounts,
}

/// What was used since it was last asked, for whoever makes it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose account.
    pub scope: ScopeId,
    /// Requests that were let through.
    pub requests: u64,
    /// When the last of them was, in milliseconds since the Unix epoch.
    pub last_used_ms: i64,
    /// What was used in each period.
    pub spent: Vec<Spent>,
}

/// One period's books.
#[derive(Clone, Copy, Debug)]
struct Book {
    period: Period,
    start: i64,
    used: Amounts,
    aside: Amounts,
    /// Used, and not yet made to last.
    unsaved: Amounts,
}

/// What a scope has used, and what is set aside of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    requests: u64,
    unsaved_requests: u64,
    last_used_ms: i64,
    running: u64,
    per_minute: Bucket,
    tokens_per_minute: Bucket,
    books: Vec<Book>,
}

impl Account {
    /// With what a store remembers.
    pub(super) fn restore(&mut self, requests: u64, spent: &[Spent]) {
        self.requests = self
            .requests
            .max(requests.saturating_add(self.unsaved_requests));
        for one in spent {
            let book = self.book(one.period, one.start);
            let known = plus(one.amounts, book.unsaved);
            book.used = Amounts {
                money: book.used.money.max(known.money),
                tokens: book.used.tokens.max(known.tokens),
            };
        }
    }

    /// Whether `scope` allows one more request that may use `worst`.
    pub(super) fn check(&mut self, scope: &Scope, worst: Amounts, now: Now) -> Result<(), Refusal> {
        self.per_minute.set_limit(scope.limits.rpm, now.ms);
        self.tokens_per_minute.set_limit(scope.limits.tpm, now.ms);
        let noun = scope.id.noun();
        if scope.max_requests.is_some_and(|most| self.requests >= most) {
            let message = format!("Rate limit exceeded: the {noun}'s requests are used up");
            return Err(Refusal::new(Code::RequestCap, message));
        }
        for budget in &scope.budgets {
            self.check_budget(budget, worst, (noun, now))?;
        }
        let limited = |what: &str, wait_ms| Refusal {
            retry_ms: Some(wait_ms),
            ..Refusal::new(
                Code::RateLimit,
                format!("Rate limit exceeded: the {noun}'s limit of {what} is reached"),
            )
        };
        if let Some(most) = scope
            .limits
            .concurrency
            .filter(|most| self.running >= *most)
        {
            return Err(limited(&format!("{most} requests at once"), 1000));
        }
        let wait = self.per_minute.wait_ms(1, now.ms);
        if wait > 0 {
            return Err(limited("requests a minute", wait));
        }
        match self.tokens_per_minute.wait_ms(worst.tokens, now.ms) {
            0 => Ok(()),
            wait => Err(limited("tokens a minute", wait)),
        }
    }

    fn check_budget(
        &mut self,
        budget: &Budget,
        worst: Amounts,
        (noun, now): (&str, Now),
    ) -> Result<(), Refusal> {
        let book = self.book(budget.period, budget.period.start(now.unix_ms));
        let taken = plus(book.used, book.aside);
        let all = plus(taken, worst);
        let gone = budget.money.is_some_and(|most| all.money > most)
            || budget.tokens.is_some_and(|most| all.tokens > most);
        if !gone {
            return Ok(());
        }
        let resets_at = budget.period.end(now.unix_ms);
        let period = budget.period.as_str();
        let limit = match (budget.money, budget.tokens) {
            (Some(money), _) if all.money > money => format!(
                "{} of {money} used or set aside, {} needed",
                taken.money, worst.money
            ),
            (_, tokens) => format!(
                "{} of {} tokens used or set aside, {} needed",
                taken.tokens,
                tokens.unwrap_or_default(),
                worst.tokens
            ),
        };
        Err(Refusal {
            resets_at,
            ..Refusal::new(Code::Budget, format!("{noun}'s {period} budget: {limit}"))
        })
    }

    /// Counts a request and sets `worst` aside.
    pub(super) fn take(&mut self, scope: &Scope, worst: Amounts, now: Now) {
        self.requests = self.requests.saturating_add(1);
        self.unsaved_requests = self.unsaved_requests.saturating_add(1);
        self.last_used_ms = self.last_used_ms.max(now.unix_ms);
        self.running = self.running.saturating_add(1);
        self.per_minute.take(1, now.ms);
        self.tokens_per_minute.take(worst.tokens, now.ms);
        for budget in &scope.budgets {
            let book = self.book(budget.period, budget.period.start(now.unix_ms));
            book.aside = plus(book.aside, worst);
        }
    }

    /// Replaces `worst`, set aside at `at_unix_ms`, by what was used.
    pub(super) fn settle(
        &mut self,
        scope: &Scope,
        (worst, used): (Amounts, Amounts),
        (at_unix_ms, now_ms): (i64, u64),
    ) {
        self.running = self.running.saturating_sub(1);
        self.tokens_per_minute
            .correct(worst.tokens, used.tokens, now_ms);
        for budget in &scope.budgets {
            let book = self.book(budget.period, budget.period.start(at_unix_ms));
            book.aside = minus(book.aside, worst);
            book.used = plus(book.used, used);
            book.unsaved = plus(book.unsaved, used);
        }
    }

    /// What has not been made to last yet.
    pub(super) fn changes(&mut self, scope: ScopeId) -> Option<Change> {
        let spent: Vec<Spent> = self
            .books
            .iter_mut()
            .filter(|book| book.unsaved != Amounts::default())
            .map(|book| Spent {
                period: book.period,
                start: book.start,
                amounts: std::mem::take(&mut book.unsaved),
            })
            .collect();
        let requests = std::mem::take(&mut self.unsaved_requests);
        (requests > 0 || !spent.is_empty()).then_some(Change {
            scope,
            requests,
            last_used_ms: self.last_used_ms,
            spent,
        })
    }

    /// The books of a period; those before it are closed once nothing is owed to them.
    fn book(&mut self, period: Period, start: i64) -> &mut Book {
        self.books.retain(|book| {
            book.period != period
                || book.start >= start
                || book.aside != Amounts::default()
                || book.unsaved != Amounts::default()
        });
        let found = self
            .books
            .iter()
            .position(|book| book.period == period && book.start == start);
        let at = found.unwrap_or_else(|| {
            self.books.push(Book {
                period,
                start,
                used: Amounts::default(),
                aside: Amounts::default(),
                unsaved: Amounts::default(),
            });
            self.books.len() - 1
        });
        &mut self.books[at]
    }
}

fn plus(a: Amounts, b: Amounts) -> Amounts {
    Amounts {
        money: a.money.plus(b.money),
        tokens: a.tokens.saturating_add(b.tokens),
    }
}

fn minus(a: Amounts, b: Amounts) -> Amounts {
    Amounts {
        money: a.money.minus(b.money).max(Money(0)),
        tokens: a.tokens.saturating_sub(b.tokens),
    }
}
