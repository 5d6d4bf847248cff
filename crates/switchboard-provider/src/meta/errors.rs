//! Graph's error codes: one table.
//!
//! Sources: Meta, Calling > Troubleshooting and error codes (2026-06-24); Meta, Cloud API error codes (2025-11-19);
//! 138008 and the exact texts from captured traffic (2025-2026). Codes 138010 and 138016 appear in no source.

use std::time::Duration;

use crate::error::{GraphErrorKind, Retry};

/// What a code means.
pub(crate) struct Meaning {
    pub(crate) kind: GraphErrorKind,
    pub(crate) retry: Retry,
    /// Does the code say for certain that nothing was done, whatever the HTTP status?
    pub(crate) certain: bool,
}

use GraphErrorKind as K;

const NEVER: Retry = Retry::Never;
const fn seconds(seconds: u64) -> Retry {
    Retry::After(Duration::from_secs(seconds))
}

/// From, to, kind, retry, certain even with a 5xx.
type Row = (i64, i64, GraphErrorKind, Retry, bool);

const TABLE: &[Row] = &[
    // General. Retry only what Meta's list says may pass by itself.
    (0, 0, K::TokenInvalid, NEVER, true),
    (1, 2, K::ServerTrouble, seconds(1), false),
    (3, 3, K::PermissionMissing, NEVER, true),
    (4, 4, K::RateLimited, seconds(60), true),
    (10, 10, K::PermissionMissing, NEVER, true),
    (33, 33, K::NumberUnknown, NEVER, true),
    (100, 100, K::InvalidRequest, NEVER, true),
    (190, 190, K::TokenInvalid, NEVER, true),
    (200, 299, K::PermissionMissing, NEVER, true),
    (368, 368, K::AccountBlocked, NEVER, true),
    (613, 613, K::RateLimited, seconds(1), true),
    (80007, 80007, K::RateLimited, seconds(60), true),
    (130429, 130429, K::RateLimited, seconds(1), true),
    (130497, 130497, K::CountryUnavailable, NEVER, true),
    (131000, 131000, K::ServerTrouble, seconds(2), false),
    (131005, 131005, K::PermissionMissing, NEVER, true),
    (131008, 131009, K::InvalidRequest, NEVER, true),
    (131016, 131016, K::ServerTrouble, seconds(2), false),
    (131021, 131021, K::InvalidRequest, NEVER, true),
    (131026, 131026, K::CustomerUnreachable, NEVER, true),
    (131030, 131030, K::RecipientNotListed, NEVER, true),
    (131031, 131031, K::AccountBlocked, NEVER, true),
    (131042, 131042, K::PaymentMissing, NEVER, true),
    (131044, 131044, K::PaymentMissing, NEVER, true),
    (131045, 131045, K::RegistrationTrouble, NEVER, true),
    (131047, 131047, K::WindowClosed, NEVER, true),
    (131048, 131048, K::RateLimited, NEVER, true),
    (131049, 131050, K::MarketingLimit, NEVER, true),
    (131051, 131051, K::InvalidRequest, NEVER, true),
    (131052, 131053, K::AttachmentTrouble, NEVER, true),
    (131055, 131055, K::SipNumber, NEVER, true),
    (131056, 131056, K::PairLimit, seconds(6), true),
    (131057, 131057, K::Maintenance, seconds(60), true),
    (132000, 132999, K::TemplateTrouble, NEVER, true),
    (133000, 133999, K::RegistrationTrouble, NEVER, true),
    (135000, 135000, K::InvalidRequest, NEVER, true),
    // Calling.
    (138000, 138000, K::CallingDisabled, NEVER, true),
    (138001, 138001, K::CustomerUnreachable, NEVER, true),
    (138002, 138002, K::ConcurrentLimit, seconds(5), true),
    (138003, 138003, K::AlreadyInCall, NEVER, true),
    // "Connection error", always with a 500: it does not say how far the call came.
    (138004, 138004, K::ServerTrouble, seconds(2), false),
    (138005, 138005, K::RateLimited, seconds(60), true),
    (138006, 138006, K::NoCallPermission, NEVER, true),
    // Always with a 500, but it names what happened: the answer came too late and the call is gone.
    (138007, 138007, K::MediaMissing, NEVER, true),
    (138008, 138008, K::BadSdp, NEVER, true),
    (138009, 138009, K::PermissionRequestLimit, NEVER, true),
    (138011, 138011, K::WindowClosed, NEVER, true),
    (138012, 138012, K::PairLimit, NEVER, true),
    (138013, 138013, K::CountryUnavailable, NEVER, true),
    (138014, 138014, K::QualityRestricted, NEVER, true),
    (138015, 138015, K::TierTooLow, NEVER, true),
    (138017, 138017, K::PermissionExists, NEVER, true),
    (138018, 138018, K::NotSubscribed, NEVER, true),
    // By webhook, inside a terminate.
    (138019, 138020, K::CustomerUnreachable, NEVER, true),
    (138021, 138021, K::MediaMissing, NEVER, true),
    (138022, 138022, K::CustomerUnreachable, NEVER, true),
    (138023, 138023, K::MediaMissing, NEVER, true),
];

/// A missing node comes as the general code with this subcode.
const SUBCODE_MISSING_NODE: i32 = 33;

/// What a code means; a code we do not know is `Other`, and certain only when the status is.
pub(crate) fn meaning(code: i64, subcode: Option<i32>, details: Option<&str>) -> Meaning {
    let row = TABLE.iter().find(|(from, to, ..)| (*from..=*to).contains(&code));
    let Some(&(_, _, kind, retry, certain)) = row else {
        return Meaning { kind: K::Other, retry: NEVER, certain: false };
    };
    let kind = match (code, subcode) {
        (100, Some(SUBCODE_MISSING_NODE)) => K::NumberUnknown,
        // SDP problems come as 138008 or as 100 with the problem in the details.
        (100, _) if details.is_some_and(|text| text.to_ascii_uppercase().contains("SDP")) => K::BadSdp,
        _ => kind,
    };
    Meaning { kind, retry, certain }
}

/// What a code means that came without an HTTP answer, in a webhook's `errors`.
#[must_use]
pub fn kind_of_code(code: i64) -> GraphErrorKind {
    meaning(code, None, None).kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_calling_code_has_a_meaning() {
        let documented = [
            100, 613, 131009, 131026, 131030, 131044, 131055, 138000, 138001, 138002, 138003, 138004, 138005,
            138006, 138007, 138008, 138009, 138011, 138012, 138013, 138014, 138015, 138017, 138018, 138019,
            138020, 138021, 138022, 138023,
        ];
        for code in documented {
            assert_ne!(kind_of_code(code), K::Other, "{code}");
        }
        assert_eq!(kind_of_code(138010), K::Other);
    }

    #[test]
    fn only_what_may_pass_by_itself_is_retried() {
        let retried: Vec<i64> =
            TABLE.iter().filter(|row| row.3 != Retry::Never).flat_map(|row| row.0..=row.1).collect();
        assert_eq!(
            retried,
            [1, 2, 4, 613, 80007, 130429, 131000, 131016, 131056, 131057, 138002, 138004, 138005]
        );
    }

    #[test]
    fn the_rows_are_in_order_and_do_not_overlap() {
        assert!(TABLE.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }

    #[test]
    fn a_missing_node_and_a_bad_sdp_are_told_apart_from_other_bad_requests() {
        assert_eq!(meaning(100, Some(33), None).kind, K::NumberUnknown);
        assert_eq!(meaning(100, None, Some("Invalid sdp: no fingerprint")).kind, K::BadSdp);
        assert_eq!(meaning(100, None, Some("Invalid call id")).kind, K::InvalidRequest);
    }
}
