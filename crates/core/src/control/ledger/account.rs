//! The account of one scope.

use crate::bucket::Bucket;
use crate::clock::Now;
use crate::control::budget::{Budget, Money, Period};
use crate::control::refusal::{Code, Limit, Refusal};
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

/// Who makes last what a request uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasting {
    /// This account, as one of its [`Change`]s.
    Here,
    /// Somebody else, or [`Account::owe`] when it is clear that nobody else does.
    Elsewhere,
    /// Likewise, but it counts towards what this one may let through alone.
    Joining,
}

/// What a limit was reached with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// The cap of requests.
    Requests,
    /// A budget, of which so much is used or set aside.
    Budget(Budget, Amounts),
    /// So many requests at once.
    Concurrency(u64),
    /// Requests a minute; there is room in so many milliseconds.
    Rpm(u64),
    /// Tokens a minute, likewise.
    Tpm(u64),
}

impl Reached {
    /// What is said of it to whoever needs `worst`, at `unix_ms`.
    pub(super) fn refusal(self, scope: ScopeId, worst: Amounts, unix_ms: i64) -> Refusal {
        let noun = scope.noun();
        let limited = |limit: Limit, what: &str, wait_ms: u64| Refusal {
            retry_ms: Some(wait_ms),
            limit: Some(limit),
            ..Refusal::new(
                Code::RateLimit,
                format!("Rate limit exceeded: the {noun}'s limit of {what} is reached"),
            )
        };
        match self {
            Self::Requests => Refusal {
                limit: Some(Limit::Requests),
                ..Refusal::new(
                    Code::RequestCap,
                    format!("Rate limit exceeded: the {noun}'s requests are used up"),
                )
            },
            Self::Budget(budget, taken) => over_budget(noun, (budget, taken), worst, unix_ms),
            Self::Concurrency(most) => {
                let what = format!("{most} requests at once");
                limited(Limit::Concurrency, &what, 1000)
            }
            Self::Rpm(wait_ms) => limited(Limit::Rpm, "requests a minute", wait_ms),
            Self::Tpm(wait_ms) => limited(Limit::Tpm, "tokens a minute", wait_ms),
        }
    }
}

fn over_budget(
    noun: &str,
    (budget, taken): (Budget, Amounts),
    worst: Amounts,
    unix_ms: i64,
) -> Refusal {
    let period = budget.period.as_str();
    let all = plus(taken, worst);
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
    Refusal {
        resets_at: budget.period.end(unix_ms),
        limit: Some(Limit::Budget),
        ..Refusal::new(Code::Budget, format!("{noun}'s {period} budget: {limit}"))
    }
}

/// One period's books.
#[derive(Clone, Copy, Debug)]
struct Book {
    period: Period,
    start: i64,
    used: Amounts,
    aside: Amounts,
    /// Of both, what was let through without asking the others.
    alone: Amounts,
    /// Used, and not yet made to last.
    unsaved: Amounts,
}

/// What a scope has used, and what is set aside of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    requests: u64,
    unsaved_requests: u64,
    /// Let through without asking the others.
    alone_requests: u64,
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

    /// Takes over what others know of it: nothing was used that they have not heard of, but for
    /// what they are yet to be told.
    pub(super) fn learn(&mut self, requests: u64, spent: &[Spent]) {
        self.requests = self.requests.max(requests);
        for one in spent {
            let book = self.book(one.period, one.start);
            book.used = Amounts {
                money: book.used.money.max(one.amounts.money),
                tokens: book.used.tokens.max(one.amounts.tokens),
            };
        }
    }

    /// What is known of `scope`, for others: requests, and what was used by each of its budgets.
    pub(super) fn known(&mut self, scope: &Scope, unix_ms: i64) -> (u64, Vec<Spent>) {
        let spent = scope.budgets.iter().map(|budget| {
            let start = budget.period.start(unix_ms);
            Spent {
                period: budget.period,
                start,
                amounts: self.book(budget.period, start).used,
            }
        });
        let spent = spent.collect();
        (self.requests, spent)
    }

    /// Others are asked again from now on.
    pub(super) fn together(&mut self) {
        self.alone_requests = 0;
        for book in &mut self.books {
            book.alone = Amounts::default();
        }
    }

    /// Whether `scope` allows one more request that may use `worst`.
    pub(super) fn check(&mut self, scope: &Scope, worst: Amounts, now: Now) -> Result<(), Refusal> {
        self.per_minute.set_limit(scope.limits.rpm, now.ms);
        self.tokens_per_minute.set_limit(scope.limits.tpm, now.ms);
        self.obstacle(scope, worst, now).map_or(Ok(()), |reached| {
            Err(reached.refusal(scope.id, worst, now.unix_ms))
        })
    }

    fn obstacle(&mut self, scope: &Scope, worst: Amounts, now: Now) -> Option<Reached> {
        if scope.max_requests.is_some_and(|most| self.requests >= most) {
            return Some(Reached::Requests);
        }
        for budget in &scope.budgets {
            let book = self.book(budget.period, budget.period.start(now.unix_ms));
            let taken = plus(book.used, book.aside);
            if !fits(budget, plus(taken, worst)) {
                return Some(Reached::Budget(*budget, taken));
            }
        }
        let most = scope.limits.concurrency;
        if let Some(most) = most.filter(|most| self.running >= *most) {
            return Some(Reached::Concurrency(most));
        }
        let wait = self.per_minute.wait_ms(1, now.ms);
        if wait > 0 {
            return Some(Reached::Rpm(wait));
        }
        let wait = self.tokens_per_minute.wait_ms(worst.tokens, now.ms);
        (wait > 0).then_some(Reached::Tpm(wait))
    }

    /// Whether one more request fits into what one of `nodes` may let through alone: an equal part
    /// of what was left when it was cut off. What comes back by itself, as a rate does, is not
    /// divided.
    pub(super) fn fits_share(
        &mut self,
        scope: &Scope,
        worst: Amounts,
        (unix_ms, nodes): (i64, u64),
    ) -> bool {
        let nodes = nodes.max(1);
        let before = self.requests.saturating_sub(self.alone_requests);
        let share = scope
            .max_requests
            .map(|most| most.saturating_sub(before) / nodes);
        if share.is_some_and(|share| self.alone_requests >= share) {
            return false;
        }
        scope.budgets.iter().all(|budget| {
            let book = self.book(budget.period, budget.period.start(unix_ms));
            let before = minus(plus(book.used, book.aside), book.alone);
            let left = Budget {
                period: budget.period,
                money: budget.money.map(|most| {
                    let nodes = i64::try_from(nodes).unwrap_or(i64::MAX);
                    Money(most.minus(before.money).0.max(0) / nodes)
                }),
                tokens: budget
                    .tokens
                    .map(|most| most.saturating_sub(before.tokens) / nodes),
            };
            fits(&left, plus(book.alone, worst))
        })
    }

    /// Counts a request and sets `worst` aside.
    pub(super) fn take(&mut self, scope: &Scope, worst: Amounts, (now, lasting): (Now, Lasting)) {
        let alone = lasting != Lasting::Elsewhere;
        self.requests = self.requests.saturating_add(1);
        if lasting == Lasting::Here {
            self.unsaved_requests = self.unsaved_requests.saturating_add(1);
        }
        if alone {
            self.alone_requests = self.alone_requests.saturating_add(1);
        }
        self.last_used_ms = self.last_used_ms.max(now.unix_ms);
        self.running = self.running.saturating_add(1);
        self.per_minute.take(1, now.ms);
        self.tokens_per_minute.take(worst.tokens, now.ms);
        for budget in &scope.budgets {
            let book = self.book(budget.period, budget.period.start(now.unix_ms));
            book.aside = plus(book.aside, worst);
            if alone {
                book.alone = plus(book.alone, worst);
            }
        }
    }

    /// Replaces `worst`, set aside at `at_unix_ms`, by what was used.
    pub(super) fn settle(
        &mut self,
        scope: &Scope,
        (worst, used): (Amounts, Amounts),
        (at_unix_ms, now_ms, lasting): (i64, u64, Lasting),
    ) {
        self.running = self.running.saturating_sub(1);
        // No more than the whole of it was taken.
        let whole = self.tokens_per_minute.limit().unwrap_or(u64::MAX);
        self.tokens_per_minute
            .correct(worst.tokens.min(whole), used.tokens, now_ms);
        for budget in &scope.budgets {
            let book = self.book(budget.period, budget.period.start(at_unix_ms));
            book.aside = minus(book.aside, worst);
            book.used = plus(book.used, used);
            if lasting == Lasting::Here {
                book.alone = plus(minus(book.alone, worst), used);
                book.unsaved = plus(book.unsaved, used);
            }
        }
    }

    /// Has this account make last what was used by requests that nobody else has told of.
    pub(super) fn owe(&mut self, requests: u64, at_unix_ms: i64, spent: &[Spent]) {
        self.unsaved_requests = self.unsaved_requests.saturating_add(requests);
        self.last_used_ms = self.last_used_ms.max(at_unix_ms);
        for one in spent {
            let book = self.book(one.period, one.start);
            book.unsaved = plus(book.unsaved, one.amounts);
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
                alone: Amounts::default(),
                unsaved: Amounts::default(),
            });
            self.books.len() - 1
        });
        &mut self.books[at]
    }
}

fn fits(budget: &Budget, all: Amounts) -> bool {
    budget.money.is_none_or(|most| all.money <= most)
        && budget.tokens.is_none_or(|most| all.tokens <= most)
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
