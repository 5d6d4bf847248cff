//! What somebody should look at (I13): when it is raised, and when it is over. Facts come in, changes go out; a fact
//! that is not known changes nothing.

use std::time::Duration;

use crate::ids::{NodeId, NumberId, TenantId};
use crate::safeguard::Quality;
use crate::time::Timestamp;

/// What may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// Meta does not take the access token of a number (any more).
    TokenInvalid,
    /// Meta restricts a number, or warns that it will.
    NumberRestricted,
    /// Too many calls were missed: the number rests (S2).
    NumberSuspended,
    /// Meta rates the number RED: no calls of ours (S3).
    QualityRed,
    /// Meta rates the number YELLOW.
    QualityYellow,
    /// Too few calls are taken.
    PickupLow,
    /// A number that used to get webhooks gets none.
    NoWebhook,
    /// Webhooks to be passed on, or mails, were given up.
    DeliveriesDead,
    /// This machine's clock stands elsewhere than Meta's.
    ClockSkew,
    /// The disk with the data folder is nearly full.
    DiskLow,
}

impl AlertKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::TokenInvalid,
        Self::NumberRestricted,
        Self::NumberSuspended,
        Self::QualityRed,
        Self::QualityYellow,
        Self::PickupLow,
        Self::NoWebhook,
        Self::DeliveriesDead,
        Self::ClockSkew,
        Self::DiskLow,
    ];

    /// The word in database and API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenInvalid => "token_invalid",
            Self::NumberRestricted => "number_restricted",
            Self::NumberSuspended => "number_suspended",
            Self::QualityRed => "quality_red",
            Self::QualityYellow => "quality_yellow",
            Self::PickupLow => "pickup_low",
            Self::NoWebhook => "no_webhook",
            Self::DeliveriesDead => "deliveries_dead",
            Self::ClockSkew => "clock_skew",
            Self::DiskLow => "disk_low",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What an alert is about: with its kind, what makes it one and not two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// A number of a business.
    Number(TenantId, NumberId),
    /// A business.
    Tenant(TenantId),
    /// A machine.
    Node(NodeId),
}

/// Clocks apart by more than this are worth a look (C1).
const SKEW: Duration = Duration::from_secs(2);
/// A disk with less than this share free, in per cent, is low.
const DISK_LOW_PERCENT: u64 = 5;
/// Or with less than this.
const DISK_LOW_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// It is well again with half as much more: an alert does not come and go with every file.
const WELL_AGAIN: (u64, u64) = (3, 2);
/// Meta's restrictions of calling last seven days (Calling quality, 2026); one without an end is looked at as long.
pub const RESTRICTED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is known of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberFacts {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub number: NumberId,
    /// Did Meta take its token the last time?
    pub token_taken: Option<bool>,
    /// When a webhook about it came last; none: never.
    pub last_webhook_at: Option<Timestamp>,
    /// It rests.
    pub suspended: bool,
    /// Meta's rating; none: nobody has asked yet.
    pub quality: Option<Quality>,
    /// So many in a hundred calls are taken, and that is too few.
    pub pickup_low: Option<u32>,
    /// Without one for longer than this somebody should look; none: nobody minds.
    pub quiet_for: Option<Duration>,
}

/// What is known of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The numbers of the installation.
    pub numbers: Vec<NumberFacts>,
    /// Deliveries and mails given up, by business; who has none is not named.
    pub dead: Option<Vec<(TenantId, u64)>>,
    /// How far the clocks are apart.
    pub skew: Option<(NodeId, Duration)>,
    /// Bytes free and in all.
    pub disk: Option<(NodeId, u64, u64)>,
}

/// An alert that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// What is wrong.
    pub kind: AlertKind,
    /// With what.
    pub about: About,
    /// Since when.
    pub since: Timestamp,
    /// It ends by itself then.
    pub until: Option<Timestamp>,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Somebody should look.
    Raise {
        /// At what.
        kind: AlertKind,
        /// Of what.
        about: About,
        /// How much: seconds without a webhook, deliveries given up, milliseconds apart, per cent free.
        amount: u64,
    },
    /// It is over.
    Resolve {
        /// What.
        kind: AlertKind,
        /// Of what.
        about: About,
    },
}

/// What follows from what is known.
#[must_use]
pub fn judge(now: Timestamp, facts: &Facts, open: &[Open]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut settle = |kind, about, wrong: Option<u64>| {
        let is_open = open.iter().any(|alert| alert.kind == kind && alert.about == about);
        match (wrong, is_open) {
            (Some(amount), false) => changes.push(Change::Raise { kind, about, amount }),
            (None, true) => changes.push(Change::Resolve { kind, about }),
            (Some(_), true) | (None, false) => {}
        }
    };
    for number in &facts.numbers {
        let about = About::Number(number.tenant, number.number);
        if let Some(taken) = number.token_taken {
            settle(AlertKind::TokenInvalid, about, (!taken).then_some(0));
        }
        let quiet = number.last_webhook_at.map(|at| now.since(at));
        let wrong = quiet.filter(|quiet| number.quiet_for.is_some_and(|longest| *quiet > longest));
        settle(AlertKind::NoWebhook, about, wrong.map(|quiet| quiet.as_secs()));
        settle(AlertKind::NumberSuspended, about, number.suspended.then_some(0));
        if let Some(quality) = number.quality {
            settle(AlertKind::QualityRed, about, (quality == Quality::Red).then_some(0));
            settle(AlertKind::QualityYellow, about, (quality == Quality::Yellow).then_some(0));
        }
        settle(AlertKind::PickupLow, about, number.pickup_low.map(u64::from));
    }
    if let Some(dead) = &facts.dead {
        for (tenant, count) in dead {
            settle(AlertKind::DeliveriesDead, About::Tenant(*tenant), (*count > 0).then_some(*count));
        }
        for alert in open.iter().filter(|alert| alert.kind == AlertKind::DeliveriesDead) {
            if !dead.iter().any(|(tenant, _)| About::Tenant(*tenant) == alert.about) {
                settle(AlertKind::DeliveriesDead, alert.about, None);
            }
        }
    }
    if let Some((node, skew)) = facts.skew {
        let wrong = (skew > SKEW).then(|| u64::try_from(skew.as_millis()).unwrap_or(u64::MAX));
        settle(AlertKind::ClockSkew, About::Node(node), wrong);
    }
    if let Some((node, free, all)) = facts.disk {
        let about = About::Node(node);
        let low = DISK_LOW_BYTES.max(all.saturating_mul(DISK_LOW_PERCENT) / 100).min(all / 2);
        let was_low = open.iter().any(|alert| alert.kind == AlertKind::DiskLow && alert.about == about);
        let limit = if was_low { low.saturating_mul(WELL_AGAIN.0) / WELL_AGAIN.1 } else { low };
        let wrong = (free < limit).then(|| free.saturating_mul(100) / all.max(1));
        settle(AlertKind::DiskLow, about, wrong);
    }
    for alert in open.iter().filter(|alert| alert.kind == AlertKind::NumberRestricted) {
        if now >= alert.until.unwrap_or_else(|| alert.since.plus(RESTRICTED_FOR)) {
            settle(alert.kind, alert.about, None);
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
    const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
    const NUMBER: NumberId = NumberId::from_uuid(Uuid::from_u128(2));
    const NODE: NodeId = NodeId::from_uuid(Uuid::from_u128(3));
    const OF_THE_NUMBER: About = About::Number(TENANT, NUMBER);

    fn open(kind: AlertKind, about: About) -> Open {
        Open { kind, about, since: NOW, until: None }
    }

    fn number(token_taken: Option<bool>, last_webhook_at: Option<Timestamp>) -> Facts {
        let number = NumberFacts {
            tenant: TENANT,
            number: NUMBER,
            token_taken,
            last_webhook_at,
            suspended: false,
            quality: None,
            pickup_low: None,
            quiet_for: Some(Duration::from_secs(3_600)),
        };
        Facts { numbers: vec![number], ..Facts::default() }
    }

    fn kinds(changes: &[Change]) -> Vec<(bool, AlertKind)> {
        changes
            .iter()
            .map(|change| match change {
                Change::Raise { kind, .. } => (true, *kind),
                Change::Resolve { kind, .. } => (false, *kind),
            })
            .collect()
    }

    #[test]
    fn a_token_that_is_refused_raises_once_and_one_that_is_taken_ends_it() {
        let refused = number(Some(false), None);
        assert_eq!(kinds(&judge(NOW, &refused, &[])), [(true, AlertKind::TokenInvalid)]);
        let raised = [open(AlertKind::TokenInvalid, OF_THE_NUMBER)];
        assert_eq!(judge(NOW, &refused, &raised), []);
        assert_eq!(judge(NOW, &number(None, None), &raised), [], "what is not known changes nothing");
        assert_eq!(
            kinds(&judge(NOW, &number(Some(true), None), &raised)),
            [(false, AlertKind::TokenInvalid)]
        );
    }

    #[test]
    fn a_number_that_never_got_a_webhook_is_not_missed() {
        assert_eq!(judge(NOW, &number(None, None), &[]), []);
        let quiet = number(None, Some(NOW.minus(Duration::from_secs(3_601))));
        let expected = Change::Raise { kind: AlertKind::NoWebhook, about: OF_THE_NUMBER, amount: 3_601 };
        assert_eq!(judge(NOW, &quiet, &[]), [expected]);
        let mut nobody_minds = quiet.clone();
        nobody_minds.numbers[0].quiet_for = None;
        assert_eq!(judge(NOW, &nobody_minds, &[]), []);
        // Each number has its own patience.
        let mut two = quiet.clone();
        two.numbers.push(NumberFacts {
            number: NumberId::from_uuid(Uuid::from_u128(9)),
            quiet_for: Some(Duration::from_secs(7_200)),
            ..quiet.numbers[0]
        });
        assert_eq!(judge(NOW, &two, &[]), [expected], "the other may be quiet for longer");
        let raised = [open(AlertKind::NoWebhook, OF_THE_NUMBER)];
        assert_eq!(kinds(&judge(NOW, &number(None, Some(NOW)), &raised)), [(false, AlertKind::NoWebhook)]);
        assert_eq!(kinds(&judge(NOW, &nobody_minds, &raised)), [(false, AlertKind::NoWebhook)]);
    }

    #[test]
    fn the_standing_of_a_number_is_told_and_over_when_it_is_well_again() {
        let with = |suspended, quality, pickup_low| {
            let mut facts = number(None, None);
            facts.numbers[0] = NumberFacts { suspended, quality, pickup_low, ..facts.numbers[0] };
            facts
        };
        let bad = with(true, Some(Quality::Red), Some(31));
        let raised = kinds(&judge(NOW, &bad, &[]));
        let told = [AlertKind::NumberSuspended, AlertKind::QualityRed, AlertKind::PickupLow];
        assert_eq!(raised, told.map(|kind| (true, kind)));
        let known = told.map(|kind| open(kind, OF_THE_NUMBER));
        let better = kinds(&judge(NOW, &with(true, Some(Quality::Yellow), None), &known));
        assert_eq!(
            better,
            [(false, AlertKind::QualityRed), (true, AlertKind::QualityYellow), (false, AlertKind::PickupLow)]
        );
        assert_eq!(judge(NOW, &with(true, None, Some(31)), &known), [], "what is not known changes nothing");
        assert_eq!(
            kinds(&judge(NOW, &with(false, Some(Quality::Green), None), &known)),
            told.map(|kind| (false, kind))
        );
    }

    #[test]
    fn a_disk_is_low_below_its_limit_and_well_again_only_well_above_it() {
        let gib = 1024 * 1024 * 1024;
        let disk = |free| Facts { disk: Some((NODE, free, 100 * gib)), ..Facts::default() };
        assert_eq!(judge(NOW, &disk(6 * gib), &[]), []);
        assert_eq!(kinds(&judge(NOW, &disk(4 * gib), &[])), [(true, AlertKind::DiskLow)]);
        let raised = [open(AlertKind::DiskLow, About::Node(NODE))];
        assert_eq!(judge(NOW, &disk(6 * gib), &raised), []);
        assert_eq!(kinds(&judge(NOW, &disk(8 * gib), &raised)), [(false, AlertKind::DiskLow)]);
        let small = Facts { disk: Some((NODE, gib, gib)), ..Facts::default() };
        assert_eq!(judge(NOW, &small, &[]), [], "a small empty disk is not low");
    }

    #[test]
    fn a_restriction_ends_when_it_says_or_after_a_week() {
        let raised = Open { since: NOW, ..open(AlertKind::NumberRestricted, OF_THE_NUMBER) };
        let week = NOW.plus(RESTRICTED_FOR);
        assert_eq!(judge(week.minus(Duration::from_secs(1)), &Facts::default(), &[raised]), []);
        assert_eq!(judge(week, &Facts::default(), &[raised]).len(), 1);
        let dated = Open { until: Some(NOW.plus(Duration::from_secs(5))), ..raised };
        assert_eq!(judge(NOW.plus(Duration::from_secs(5)), &Facts::default(), &[dated]).len(), 1);
    }

    #[test]
    fn dead_deliveries_and_clocks_come_and_go() {
        let dead = |dead: Vec<_>| Facts { dead: Some(dead), ..Facts::default() };
        assert_eq!(kinds(&judge(NOW, &dead(vec![(TENANT, 3)]), &[])), [(true, AlertKind::DeliveriesDead)]);
        let raised = [open(AlertKind::DeliveriesDead, About::Tenant(TENANT))];
        assert_eq!(judge(NOW, &Facts::default(), &raised), []);
        assert_eq!(kinds(&judge(NOW, &dead(Vec::new()), &raised)), [(false, AlertKind::DeliveriesDead)]);
        let skew = |seconds| Facts { skew: Some((NODE, Duration::from_secs(seconds))), ..Facts::default() };
        assert_eq!(judge(NOW, &skew(2), &[]), []);
        assert_eq!(kinds(&judge(NOW, &skew(3), &[])), [(true, AlertKind::ClockSkew)]);
    }
}
