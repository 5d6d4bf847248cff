//! The wallet of permissions beside the simulator's permission book: the book is Meta's, kept by other hands and from
//! other text. Whatever happens between a number and a customer, and however its news arrive, the wallet allows nothing
//! the book refuses. It may be stricter: that costs a call, not the number.

use std::time::Duration;

use switchboard_core::ids::ProviderMessageId;
use switchboard_core::permission::{
    Answers, Found, LimitedAction, PermissionRules, ReplyVerdict, ReportedLimit, Wallet, WalletInput,
};
use switchboard_core::time::Timestamp;
use switchboard_simulator::permissions::{
    Answer, BookRules, DAY, NotTaken, PermissionBook, Standing, Usage, WEEK,
};

/// Histories of a run; the requirement's number.
const HISTORIES: u64 = 100_000;
/// Things that happen in one history.
const STEPS: usize = 40;
/// The first moment of every history: any.
const BEGINNING: i64 = 1_760_000_000;

/// Seeded chance (SplitMix64).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn pick<Thing: Copy>(&mut self, things: &[Thing]) -> Thing {
        things[self.throw(things.len() as u64) as usize]
    }
}

/// How often something happened over all histories: a test that never comes to what it tests says nothing.
#[derive(Debug, Default)]
struct Tally {
    calls_allowed: u64,
    calls_refused_by_both: u64,
    calls_refused_by_the_wallet_alone: u64,
    requests_allowed: u64,
    requests_refused_by_both: u64,
    revocations: u64,
    expiries: u64,
    look_ups: u64,
    late_news: u64,
    copies: u64,
}

/// One pair, as Meta knows it and as we do.
struct Pair<'a> {
    dice: Dice,
    /// Our clock in microseconds; Meta's shows the same, in whole seconds.
    now: i64,
    book: PermissionBook,
    book_rules: BookRules,
    wallet: Wallet,
    wallet_rules: PermissionRules,
    requests: Vec<String>,
    /// News that are on their way.
    under_way: Vec<WalletInput>,
    /// News that have arrived, to come once more.
    arrived: Vec<WalletInput>,
    /// The last second in which something was decided. Of two decisions of one second the stricter one counts for us;
    /// no customer decides twice, or beside Meta, within one.
    decided_at: i64,
    /// The last second in which a call was taken or not: there is one call at a time, and each takes its time.
    called_at: i64,
    tally: &'a mut Tally,
    story: Vec<String>,
}

impl Pair<'_> {
    fn second(&self) -> i64 {
        self.now.div_euclid(1_000_000)
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_seconds(self.second())
    }

    fn tell(&mut self, what: impl Into<String>) {
        self.story.push(format!(
            "{:>12.6}  {}",
            (self.now - BEGINNING * 1_000_000) as f64 / 1e6,
            what.into()
        ));
    }

    fn send(&mut self, news: WalletInput) {
        self.under_way.push(news);
    }

    /// Some of the news arrive, in any order, some of them again.
    fn deliver(&mut self, all: bool) {
        let mut left = Vec::new();
        while !self.under_way.is_empty() {
            let at = self.dice.throw(self.under_way.len() as u64) as usize;
            let news = self.under_way.swap_remove(at);
            if !all && self.dice.throw(4) == 0 {
                self.tally.late_news += 1;
                left.push(news);
                continue;
            }
            self.tell(format!("arrives: {news:?}"));
            self.wallet.handle(Timestamp::from_micros(self.now), news.clone());
            self.arrived.push(news);
        }
        self.under_way = left;
        if self.dice.throw(5) == 0 && !self.arrived.is_empty() {
            let at = self.dice.throw(self.arrived.len() as u64) as usize;
            let again = self.arrived[at].clone();
            self.tally.copies += 1;
            self.tell(format!("arrives again: {again:?}"));
            self.wallet.handle(Timestamp::from_micros(self.now), again);
        }
    }

    /// Time passes: moments, days, and just before, at and after the ends of all windows.
    fn wait(&mut self) {
        let span = self.dice.pick(&[
            0,
            1,
            30,
            3_600,
            DAY - 1,
            DAY,
            DAY + 1,
            2 * DAY,
            3 * DAY,
            WEEK - 1,
            WEEK,
            WEEK + 1,
            30 * DAY,
        ]);
        let fraction = self.dice.throw(1_000_000) as i64;
        // Two things never happen in the same microsecond: each of them is a request and its answer.
        self.now = if self.dice.throw(3) == 0 {
            // To the very second.
            ((self.second() + span) * 1_000_000).max(self.now + 1)
        } else {
            self.now + span * 1_000_000 + fraction + 1
        };
        if self.dice.throw(2) == 0 {
            let before = self.wallet.status(Timestamp::from_micros(self.now));
            self.wallet.handle(Timestamp::from_micros(self.now), WalletInput::TimePassed);
            assert_eq!(before, self.wallet.status(Timestamp::from_micros(self.now)), "time is no news");
        }
    }

    fn asks(&mut self) {
        let second = self.second();
        if self.book.may_request(second, &self.book_rules).is_err() {
            return;
        }
        let id = format!("wamid.{}", self.requests.len());
        self.book.request_sent(second, id.clone());
        self.requests.push(id.clone());
        let message_id = ProviderMessageId::new(&id);
        self.tell(format!("asks: {id}"));
        // The answer to our own request is ours at once: nothing else may be asked before it is there.
        let at = Timestamp::from_micros(self.now);
        self.wallet.handle(at, WalletInput::RequestSent { at, message_id });
    }

    /// Does the customer decide now? Not twice in a second.
    fn decides(&mut self) -> Option<Answer> {
        if self.decided_at == self.second() {
            return None;
        }
        self.decided_at = self.second();
        Some(self.dice.pick(&[Answer::Temporary, Answer::Temporary, Answer::Permanent, Answer::Decline]))
    }

    fn answers(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        let at = self.dice.throw(self.requests.len() as u64) as usize;
        let id = self.requests[at].clone();
        let second = self.second();
        if !self.book.is_open(second, &id, &self.book_rules) {
            return;
        }
        let Some(answer) = self.decides() else { return };
        if let Ok(standing) = self.book.answered(second, &id, answer, &self.book_rules) {
            self.tell(format!("answers {id}: {answer:?}"));
            let answers = Answers::Request(ProviderMessageId::new(&id));
            let (at, verdict) = (self.at(), self.verdict(standing));
            self.send(WalletInput::Replied { at, verdict, automatic: false, answers });
        }
    }

    fn sets_in_profile(&mut self) {
        let Some(answer) = self.decides() else { return };
        let answer = if answer == Answer::Temporary { Answer::Decline } else { answer };
        let standing = self.book.set_in_profile(self.second(), answer, &self.book_rules);
        self.tell(format!("sets in the profile: {answer:?}"));
        let (at, verdict) = (self.at(), self.verdict(standing));
        self.send(WalletInput::Replied { at, verdict, automatic: false, answers: Answers::Nothing });
    }

    /// Meta does not always name the end of a permission.
    fn verdict(&mut self, standing: Standing) -> ReplyVerdict {
        match standing {
            Standing::None => ReplyVerdict::Refused,
            Standing::Permanent => ReplyVerdict::GrantedForGood,
            Standing::Temporary { until } => {
                let named = self.dice.throw(8) > 0;
                ReplyVerdict::Granted { until: named.then(|| Timestamp::from_seconds(until)) }
            }
        }
    }

    fn customer_calls(&mut self) {
        let connected = self.dice.throw(2) == 0;
        let second = self.second();
        if self.called_at == second {
            return;
        }
        self.called_at = second;
        self.tell(format!("the customer calls, connected: {connected}"));
        if connected {
            self.book.call_connected(second, false);
            let at = self.at();
            self.send(WalletInput::CallConnected { at, business_initiated: false });
        }
        if self.decided_at != second && self.book.callback_granted(second, &self.book_rules) {
            self.decided_at = second;
            let standing = self.book.standing(second);
            let (at, verdict) = (self.at(), self.verdict(standing));
            self.send(WalletInput::Replied { at, verdict, automatic: true, answers: Answers::Call });
        }
    }

    /// The business calls whenever Meta lets it, whatever the wallet thinks: the row of calls must grow.
    fn business_calls(&mut self) {
        let second = self.second();
        if self.called_at == second || self.book.may_call(second, &self.book_rules).is_err() {
            return;
        }
        self.called_at = second;
        let connected = self.dice.throw(3) == 0;
        self.tell(format!("the business calls, connected: {connected}"));
        if connected {
            self.book.call_connected(second, true);
            let at = self.at();
            self.send(WalletInput::CallConnected { at, business_initiated: true });
            return;
        }
        let outcome = self.book.call_not_taken(&self.book_rules);
        let at = self.at();
        self.send(WalletInput::CallNotTaken { at });
        if outcome == NotTaken::Revoked {
            self.tally.revocations += 1;
            self.decided_at = second;
            self.tell("revoked");
            let (at, verdict) = (self.at(), ReplyVerdict::Refused);
            self.send(WalletInput::Replied { at, verdict, automatic: true, answers: Answers::Nothing });
        }
    }

    fn looks_up(&mut self) {
        self.tally.look_ups += 1;
        let second = self.second();
        let found = match self.book.standing(second) {
            Standing::None => Found::NoPermission,
            Standing::Temporary { until } => Found::Temporary { until: Some(Timestamp::from_seconds(until)) },
            Standing::Permanent => Found::Permanent,
        };
        let limit = |action, period, usage: Usage| ReportedLimit {
            action,
            period: Duration::from_secs(period as u64),
            max_allowed: usage.max as u32,
            used: usage.used as u32,
            resets_at: usage.until.map(Timestamp::from_seconds),
        };
        let [day, week] = self.book.requests(second, &self.book_rules);
        let limits = vec![
            limit(LimitedAction::RequestPermission, DAY, day),
            limit(LimitedAction::RequestPermission, WEEK, week),
            limit(LimitedAction::StartCall, DAY, self.book.calls(second, &self.book_rules)),
        ];
        let can_request = Some(self.book.may_request(second, &self.book_rules).is_ok());
        let can_call = Some(self.book.may_call(second, &self.book_rules).is_ok());
        self.tell(format!("looks up: {found:?}"));
        let at = Timestamp::from_micros(self.now);
        self.wallet.handle(at, WalletInput::LookedUp { at, found, can_request, can_call, limits });
    }

    /// The one rule: with all news there, the wallet allows nothing the book refuses.
    fn compare(&mut self) -> Result<(), String> {
        let (now, second) = (Timestamp::from_micros(self.now), self.second());
        let by_book = self.book.may_call(second, &self.book_rules);
        let by_wallet = self.wallet.may_call(now, &self.wallet_rules);
        match (by_wallet.allowed(), by_book.is_ok()) {
            (true, true) => self.tally.calls_allowed += 1,
            (false, false) => self.tally.calls_refused_by_both += 1,
            (false, true) => self.tally.calls_refused_by_the_wallet_alone += 1,
            (true, false) => return Err(format!("the wallet allows a call, the book says {by_book:?}")),
        }
        let asked = self.wallet.may_request(now, &self.wallet_rules);
        match (asked.is_ok(), self.book.may_request(second, &self.book_rules)) {
            (true, Ok(())) => self.tally.requests_allowed += 1,
            (false, Err(_)) => self.tally.requests_refused_by_both += 1,
            (false, Ok(())) => {}
            (true, Err(refused)) => {
                return Err(format!("the wallet allows a request, the book says {refused:?}"));
            }
        }
        Ok(())
    }

    fn live(&mut self) -> Result<(), String> {
        for _ in 0..STEPS {
            let before = self.book.standing(self.second());
            self.wait();
            if before != Standing::None && self.book.standing(self.second()) == Standing::None {
                self.tally.expiries += 1;
            }
            match self.dice.throw(12) {
                0..=2 => self.asks(),
                3..=5 => self.answers(),
                6 => self.sets_in_profile(),
                7 => self.customer_calls(),
                8..=10 => self.business_calls(),
                _ => {
                    // What Meta answers is compared with news that were there before.
                    self.deliver(true);
                    self.looks_up();
                }
            }
            self.deliver(false);
            if self.under_way.is_empty() {
                self.compare()?;
            }
        }
        Ok(())
    }
}

/// One history; what went wrong, with all that led to it.
fn history(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let mut dice = Dice(seed);
    let (book_rules, mut wallet_rules) = if dice.throw(4) == 0 {
        (BookRules::sandbox(), PermissionRules::sandbox())
    } else {
        (BookRules::default(), PermissionRules::STANDARD)
    };
    // Few connected calls are as good a limit as a hundred.
    let book_rules = BookRules { connected_per_day: 2, ..book_rules };
    wallet_rules.connected_per_day = 2;
    // The house rule makes the wallet stricter: without it there is nothing to hide behind.
    wallet_rules.call_within = None;
    // Nor does the guard of calls nobody takes hide what comes after them.
    if dice.throw(2) == 0 {
        wallet_rules.block_before_unanswered = u32::MAX;
    }
    let mut pair = Pair {
        now: BEGINNING * 1_000_000 + dice.throw(1_000_000) as i64,
        dice,
        book: PermissionBook::default(),
        book_rules,
        wallet: Wallet::default(),
        wallet_rules,
        requests: Vec::new(),
        under_way: Vec::new(),
        arrived: Vec::new(),
        decided_at: 0,
        called_at: 0,
        tally,
        story: Vec::new(),
    };
    pair.live().map_err(|why| {
        let (story, facts) = (pair.story.join("\n"), pair.wallet.facts());
        format!("{story}\n{facts:#?}\n{why}\n(SWITCHBOARD_SEED={seed} runs it alone)")
    })
}

#[test]
fn the_wallet_never_allows_what_the_book_refuses_over_100_000_random_histories_with_clock_jumps() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let mut tally = Tally::default();
    let seeds = match number("SWITCHBOARD_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SWITCHBOARD_SEEDS").unwrap_or(HISTORIES),
    };
    let all = seeds.end - seeds.start >= HISTORIES;
    for seed in seeds {
        if let Err(trace) = history(seed, &mut tally) {
            panic!("{trace}");
        }
    }
    eprintln!("{tally:#?}");
    if !all {
        return;
    }
    for (what, count) in [
        ("allowed calls", tally.calls_allowed),
        ("refused calls", tally.calls_refused_by_both),
        ("allowed requests", tally.requests_allowed),
        ("refused requests", tally.requests_refused_by_both),
        ("revocations", tally.revocations),
        ("expiries", tally.expiries),
        ("look-ups", tally.look_ups),
        ("late news", tally.late_news),
        ("copies", tally.copies),
    ] {
        assert!(count > 1_000, "hardly any {what}: {tally:#?}");
    }
    // Strict is safe, but a wallet that refuses everything would be, too.
    assert!(tally.calls_refused_by_the_wallet_alone < tally.calls_allowed, "{tally:#?}");
}
