//! The permission book of one pair, a number of the business and a customer, as Meta keeps it (call permissions,
//! Nov 2025 and Jun 2026). Plain rules over plain seconds since 1970: no clock, no webhooks, nothing of the product.

use serde::Serialize;

/// A day of Meta's rolling windows.
pub const DAY: i64 = 86_400;
/// A week of Meta's rolling windows.
pub const WEEK: i64 = 7 * DAY;

/// Meta's limits for a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookRules {
    /// Permission requests in 24 hours.
    pub requests_per_day: usize,
    /// Permission requests in 7 days.
    pub requests_per_week: usize,
    /// Connected calls of the business in 24 hours (since Dec 2025; before 10, before that 5).
    pub connected_per_day: usize,
    /// After so many calls in a row that were not taken the customer is asked whether he wants them.
    pub nudge_at: u32,
    /// After so many the permission is gone.
    pub revoke_at: u32,
    /// How long a temporary permission lasts: 168 hours from the approval.
    pub temporary_for: i64,
    /// How long a request can be answered after its delivery, and again after an answer.
    pub request_lives: i64,
}

impl Default for BookRules {
    fn default() -> Self {
        Self {
            requests_per_day: 1,
            requests_per_week: 2,
            connected_per_day: 100,
            nudge_at: 2,
            revoke_at: 4,
            temporary_for: WEEK,
            request_lives: WEEK,
        }
    }
}

impl BookRules {
    /// Sandbox and public test numbers (Oct 2025).
    #[must_use]
    pub fn sandbox() -> Self {
        Self { requests_per_day: 25, requests_per_week: 100, nudge_at: 5, revoke_at: 10, ..Self::default() }
    }
}

/// What the customer has granted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Standing {
    /// Nothing, or nothing any more.
    #[default]
    #[serde(rename = "no_permission")]
    None,
    /// Until this second (not included).
    Temporary {
        /// Seconds since 1970.
        until: i64,
    },
    /// Until it is taken back.
    Permanent,
}

/// Why the business may not ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestRefused {
    /// It has a permanent permission (138017).
    Permanent,
    /// It asked too often (138009).
    Limit {
        /// When it may ask again, seconds since 1970.
        until: i64,
    },
}

/// Why the business may not call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallRefused {
    /// No permission (138006).
    NoPermission,
    /// Too many connected calls (138012).
    Limit {
        /// When it may call again, seconds since 1970.
        until: i64,
    },
}

/// What a customer says to a request, or sets in the business's profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Allow for 7 days.
    Temporary,
    /// Always allow.
    Permanent,
    /// Decline; in the profile: take the permission back.
    Decline,
}

/// Why an answer to a request does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefused {
    /// Nobody asked.
    #[error("no request with this id")]
    Unknown,
    /// Too late, or a newer request was answered.
    #[error("the request has expired")]
    Expired,
}

/// What a call that was not taken leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// Nothing yet.
    Counted,
    /// The customer is asked whether he wants these calls.
    Nudge,
    /// The permission is gone: a webhook tells the business (scenario F).
    Revoked,
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The most.
    pub max: usize,
    /// Used in the window that ends now.
    pub used: usize,
    /// When one is free again; only while the limit is used up.
    pub until: Option<i64>,
}

#[derive(Debug, Clone)]
struct Request {
    id: String,
    /// The last moment at which it was delivered or answered.
    touched_at: i64,
}

/// Requests that can still be answered at most: the limits allow a handful, sandboxes a hundred in a week.
const MOST_REQUESTS: usize = 256;

/// The book of one pair.
#[derive(Debug, Clone, Default)]
pub struct PermissionBook {
    standing: Standing,
    /// Requests that can still be answered, in the order they were sent.
    open: Vec<Request>,
    /// When requests were sent that count to the limits.
    asked: Vec<i64>,
    /// When calls of the business were connected.
    connected: Vec<i64>,
    /// Calls in a row that were not taken.
    not_taken: u32,
}

impl PermissionBook {
    /// What is granted at this moment.
    #[must_use]
    pub fn standing(&self, now: i64) -> Standing {
        match self.standing {
            Standing::Temporary { until } if until <= now => Standing::None,
            standing @ (Standing::None | Standing::Temporary { .. } | Standing::Permanent) => standing,
        }
    }

    /// Calls in a row that the customer did not take.
    #[must_use]
    pub fn not_taken_in_a_row(&self) -> u32 {
        self.not_taken
    }

    /// May the business ask at this moment?
    pub fn may_request(&self, now: i64, rules: &BookRules) -> Result<(), RequestRefused> {
        if self.standing(now) == Standing::Permanent {
            return Err(RequestRefused::Permanent);
        }
        let [day, week] = self.requests(now, rules);
        match day.until.max(week.until) {
            Some(until) => Err(RequestRefused::Limit { until }),
            None => Ok(()),
        }
    }

    /// May the business call at this moment?
    pub fn may_call(&self, now: i64, rules: &BookRules) -> Result<(), CallRefused> {
        if self.standing(now) == Standing::None {
            return Err(CallRefused::NoPermission);
        }
        match self.calls(now, rules).until {
            Some(until) => Err(CallRefused::Limit { until }),
            None => Ok(()),
        }
    }

    /// The requests of the last 24 hours and of the last 7 days.
    #[must_use]
    pub fn requests(&self, now: i64, rules: &BookRules) -> [Usage; 2] {
        [
            used(&self.asked, now, DAY, rules.requests_per_day),
            used(&self.asked, now, WEEK, rules.requests_per_week),
        ]
    }

    /// The connected calls of the business in the last 24 hours.
    #[must_use]
    pub fn calls(&self, now: i64, rules: &BookRules) -> Usage {
        used(&self.connected, now, DAY, rules.connected_per_day)
    }

    /// A request was delivered.
    pub fn request_sent(&mut self, now: i64, id: impl Into<String>) {
        self.asked.retain(|at| at + WEEK > now);
        self.asked.push(now);
        self.open.push(Request { id: id.into(), touched_at: now });
        if self.open.len() > MOST_REQUESTS {
            self.open.remove(0);
        }
    }

    /// The request that was sent last and can still be answered.
    #[must_use]
    pub fn open_request(&self, now: i64, rules: &BookRules) -> Option<&str> {
        self.open
            .last()
            .filter(|request| request.touched_at + rules.request_lives > now)
            .map(|request| request.id.as_str())
    }

    /// Can the request with this id still be answered?
    #[must_use]
    pub fn is_open(&self, now: i64, id: &str, rules: &BookRules) -> bool {
        self.open.iter().any(|request| request.id == id && request.touched_at + rules.request_lives > now)
    }

    /// The customer answers a request. Who declined can still accept, until the request expires: 7 days after its
    /// delivery or its last answer, or when a newer one is answered.
    pub fn answered(
        &mut self,
        now: i64,
        id: &str,
        answer: Answer,
        rules: &BookRules,
    ) -> Result<Standing, AnswerRefused> {
        let at = self.open.iter().position(|request| request.id == id).ok_or(AnswerRefused::Unknown)?;
        if self.open[at].touched_at + rules.request_lives <= now {
            return Err(AnswerRefused::Expired);
        }
        self.open[at].touched_at = now;
        self.open.drain(..at);
        self.standing = granted(now, answer, rules);
        Ok(self.standing)
    }

    /// The customer sets the permission in the profile of the business. A temporary one cannot be chosen there.
    pub fn set_in_profile(&mut self, now: i64, answer: Answer, rules: &BookRules) -> Standing {
        self.standing = granted(now, answer, rules);
        self.standing
    }

    /// A call of the customer, connected or not, while callback permission is on: true when it granted something.
    pub fn callback_granted(&mut self, now: i64, rules: &BookRules) -> bool {
        if self.standing(now) == Standing::Permanent {
            return false;
        }
        self.standing = granted(now, Answer::Temporary, rules);
        true
    }

    /// A call was connected, in either direction: the counters of requests begin anew, and so does the row of calls
    /// that were not taken. Only calls of the business count to its limit.
    pub fn call_connected(&mut self, now: i64, of_the_business: bool) {
        self.asked.clear();
        self.not_taken = 0;
        if of_the_business {
            self.connected.retain(|at| at + DAY > now);
            self.connected.push(now);
        }
    }

    /// A call of the business rang and was not taken.
    pub fn call_not_taken(&mut self, rules: &BookRules) -> NotTaken {
        self.not_taken += 1;
        if self.not_taken >= rules.revoke_at {
            self.not_taken = 0;
            self.standing = Standing::None;
            NotTaken::Revoked
        } else if self.not_taken == rules.nudge_at {
            NotTaken::Nudge
        } else {
            NotTaken::Counted
        }
    }

    /// A test puts the standing there, whatever led to it.
    pub fn put(&mut self, standing: Standing) {
        self.standing = standing;
    }
}

fn granted(now: i64, answer: Answer, rules: &BookRules) -> Standing {
    match answer {
        Answer::Temporary => Standing::Temporary { until: now + rules.temporary_for },
        Answer::Permanent => Standing::Permanent,
        Answer::Decline => Standing::None,
    }
}

/// Of these moments those within the window count; with the limit used up, room comes when enough of them left it.
fn used(moments: &[i64], now: i64, window: i64, max: usize) -> Usage {
    let within: Vec<i64> = moments.iter().copied().filter(|at| at + window > now).collect();
    let until = within.len().checked_sub(max).and_then(|over| within.get(over)).map(|at| at + window);
    // A limit of nothing never has room.
    let until = if max == 0 { Some(i64::MAX) } else { until };
    Usage { max, used: within.len(), until }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: BookRules = BookRules {
        requests_per_day: 1,
        requests_per_week: 2,
        connected_per_day: 100,
        nudge_at: 2,
        revoke_at: 4,
        temporary_for: WEEK,
        request_lives: WEEK,
    };

    #[test]
    fn one_request_a_day_and_two_a_week() {
        let mut book = PermissionBook::default();
        book.request_sent(0, "a");
        assert_eq!(book.may_request(DAY - 1, &RULES), Err(RequestRefused::Limit { until: DAY }));
        book.request_sent(DAY, "b");
        assert_eq!(book.may_request(3 * DAY, &RULES), Err(RequestRefused::Limit { until: WEEK }));
        assert_eq!(book.may_request(WEEK, &RULES), Ok(()));
    }

    #[test]
    fn a_connected_call_makes_room_for_a_request() {
        let mut book = PermissionBook::default();
        book.request_sent(0, "a");
        book.call_connected(10, false);
        assert_eq!(book.may_request(11, &RULES), Ok(()));
        assert_eq!(book.calls(11, &RULES).used, 0, "the customer's own calls do not count");
    }

    #[test]
    fn a_temporary_permission_lasts_604_800_seconds() {
        let mut book = PermissionBook::default();
        book.request_sent(0, "a");
        book.answered(5, "a", Answer::Temporary, &RULES).expect("in time");
        assert_eq!(book.may_call(5 + 604_799, &RULES), Ok(()));
        assert_eq!(book.may_call(5 + 604_800, &RULES), Err(CallRefused::NoPermission));
    }

    #[test]
    fn who_declined_can_still_accept_until_the_request_expires() {
        let mut book = PermissionBook::default();
        book.request_sent(0, "a");
        assert_eq!(book.answered(5, "a", Answer::Decline, &RULES), Ok(Standing::None));
        assert_eq!(book.answered(WEEK + 4, "a", Answer::Permanent, &RULES), Ok(Standing::Permanent));
        assert_eq!(book.answered(2 * WEEK + 4, "a", Answer::Decline, &RULES), Err(AnswerRefused::Expired));
        assert_eq!(book.answered(9, "b", Answer::Decline, &RULES), Err(AnswerRefused::Unknown));
    }

    #[test]
    fn the_answer_to_a_newer_request_ends_the_older_one() {
        let mut book = PermissionBook::default();
        book.request_sent(0, "a");
        book.request_sent(DAY, "b");
        assert_eq!(book.open_request(DAY, &RULES), Some("b"));
        book.answered(DAY + 1, "b", Answer::Decline, &RULES).expect("in time");
        assert!(book.answered(DAY + 2, "a", Answer::Temporary, &RULES).is_err());
    }

    #[test]
    fn a_permanent_permission_needs_no_request_and_a_callback_does_not_shorten_it() {
        let mut book = PermissionBook::default();
        book.set_in_profile(0, Answer::Permanent, &RULES);
        assert_eq!(book.may_request(1, &RULES), Err(RequestRefused::Permanent));
        assert!(!book.callback_granted(2, &RULES));
        assert_eq!(book.may_call(100 * WEEK, &RULES), Ok(()));
        book.set_in_profile(3, Answer::Decline, &RULES);
        assert!(book.callback_granted(4, &RULES));
        assert_eq!(book.standing(5), Standing::Temporary { until: 4 + WEEK });
    }

    #[test]
    fn the_second_call_that_is_not_taken_nudges_and_the_fourth_revokes() {
        let mut book = PermissionBook::default();
        book.set_in_profile(0, Answer::Permanent, &RULES);
        let row: Vec<_> = (0..4).map(|_| book.call_not_taken(&RULES)).collect();
        assert_eq!(row, [NotTaken::Counted, NotTaken::Nudge, NotTaken::Counted, NotTaken::Revoked]);
        assert_eq!(book.may_call(1, &RULES), Err(CallRefused::NoPermission));
        book.set_in_profile(2, Answer::Permanent, &RULES);
        book.call_not_taken(&RULES);
        book.call_connected(3, true);
        assert_eq!(book.not_taken_in_a_row(), 0);
    }

    #[test]
    fn the_hundred_and_first_connected_call_of_a_day_waits() {
        let mut book = PermissionBook::default();
        book.set_in_profile(0, Answer::Permanent, &RULES);
        for second in 0..100 {
            book.call_connected(second, true);
        }
        assert_eq!(book.may_call(200, &RULES), Err(CallRefused::Limit { until: DAY }));
        assert_eq!(book.may_call(DAY, &RULES), Ok(()));
        assert_eq!(book.calls(DAY, &RULES), Usage { max: 100, used: 99, until: None });
    }

    #[test]
    fn a_sandbox_asks_25_times_a_day() {
        let rules = BookRules::sandbox();
        let mut book = PermissionBook::default();
        for second in 0..25 {
            assert_eq!(book.may_request(second, &rules), Ok(()));
            book.request_sent(second, second.to_string());
        }
        assert_eq!(book.may_request(30, &rules), Err(RequestRefused::Limit { until: DAY }));
    }
}
