//! When a number is open, and what Meta is told of it.

pub(crate) mod at_meta;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchboard_core::admission::OutOfHours;
use switchboard_core::audit::AuditWhat;
use switchboard_core::hours::{DAYS, Holiday, Hours, HoursRefusal, HoursRefusalWhy, MIDNIGHT, Range};
use switchboard_core::ids::NumberId;
use switchboard_engine::clock::rfc3339;
use switchboard_store::hours::NumberHours;
use utoipa::{IntoParams, ToSchema};

use super::settings::recording::audit_entry;
use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::{Body, Id, Query};
use crate::middleware::client_address::ClientAddress;
use crate::pagination::moment;
use crate::state::AppState;

pub(super) use at_meta::cannot_hold;

/// A message of WhatsApp has room for this many characters.
const MAX_TEXT: usize = 1_024;

/// Opening and closing time of a range, `["09:00", "13:00"]`; midnight at the end is `24:00`.
type Times = [String; 2];

/// The hours of a number.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpeningHours {
    /// IANA name of the zone the times are of.
    #[schema(example = "America/Sao_Paulo")]
    zone: String,
    /// By day, `mon` to `sun`, the ranges of the day; a day that is left out is closed.
    #[schema(value_type = std::collections::HashMap<String, Vec<Vec<String>>>, example = json!({"mon": [["09:00", "13:00"], ["15:00", "18:00"]]}))]
    weekly: BTreeMap<String, Vec<Times>>,
    /// Days with hours of their own.
    #[serde(default)]
    holidays: Vec<HolidayHours>,
    /// What a customer gets who calls when it is closed.
    #[serde(default)]
    out_of_hours: OutOfHoursAnswer,
    /// No calls are placed when it is closed, unless they are urgent.
    #[serde(default)]
    outbound_blocked: bool,
}

/// A day with hours of its own.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HolidayHours {
    /// `2026-12-25`.
    date: String,
    /// What people call it.
    #[serde(default)]
    name: String,
    /// Its ranges; none: closed.
    #[serde(default)]
    #[schema(value_type = Vec<Vec<String>>)]
    ranges: Vec<Times>,
}

/// What a customer gets who calls when it is closed. The call itself is rejected.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutOfHoursAnswer {
    /// `message`, `callback_offer`, `reject`.
    action: String,
    /// The words of the message.
    #[serde(default)]
    text: String,
}

impl Default for OutOfHoursAnswer {
    fn default() -> Self {
        Self { action: OutOfHours::Reject.as_str().to_owned(), text: String::new() }
    }
}

/// The hours of a number, and whether anybody has set them.
#[derive(Serialize, ToSchema)]
pub(crate) struct NumberOpeningHours {
    /// False: nobody has set hours; the number is always open.
    set: bool,
    /// The hours.
    #[serde(flatten)]
    hours: OpeningHours,
}

/// Is it open?
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenNow {
    /// At that moment.
    open: bool,
    /// When it opens; null when it is open, or never opens.
    opens_at: Option<String>,
    /// When it closes; null when it is closed, or never closes.
    closes_at: Option<String>,
    /// The moment that was asked about.
    at: String,
}

/// Which moment.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Moment {
    /// None: now.
    at: Option<String>,
}

impl NumberOpeningHours {
    fn of(hours: Option<&NumberHours>) -> Self {
        Self { set: hours.is_some(), hours: hours.map_or_else(OpeningHours::always, OpeningHours::of) }
    }
}

impl OpeningHours {
    fn always() -> Self {
        let all_day = || vec![["00:00".to_owned(), "24:00".to_owned()]];
        Self {
            zone: "UTC".to_owned(),
            weekly: DAYS.iter().map(|day| ((*day).to_owned(), all_day())).collect(),
            holidays: Vec::new(),
            out_of_hours: OutOfHoursAnswer::default(),
            outbound_blocked: false,
        }
    }

    fn of(known: &NumberHours) -> Self {
        let hours = &known.hours;
        Self {
            zone: hours.zone().name().to_owned(),
            weekly: DAYS
                .iter()
                .zip(hours.weekly())
                .map(|(day, ranges)| ((*day).to_owned(), times(ranges)))
                .collect(),
            holidays: hours
                .holidays()
                .iter()
                .map(|holiday| HolidayHours {
                    date: holiday.date.to_string(),
                    name: holiday.name.clone(),
                    ranges: times(&holiday.ranges),
                })
                .collect(),
            out_of_hours: OutOfHoursAnswer {
                action: known.out_of_hours.as_str().to_owned(),
                text: known.out_of_hours_text.clone(),
            },
            outbound_blocked: known.outbound_blocked,
        }
    }

    /// Each value checked, or the first that cannot be taken.
    fn checked(self, now: switchboard_core::time::Timestamp) -> Result<NumberHours, Problem> {
        let mut weekly: [Vec<Range>; 7] = Default::default();
        for (day, ranges) in &self.weekly {
            let Some(place) = DAYS.iter().position(|known| known == day) else {
                return Err(refuse(&format!("weekly.{day}"), HoursRefusalWhy::NotADay));
            };
            weekly[place] = read_times(ranges, &format!("weekly.{day}"))?;
        }
        let mut holidays = Vec::new();
        for (place, holiday) in self.holidays.iter().enumerate() {
            let field = format!("holidays[{place}]");
            let date = holiday.date.trim().parse();
            let date = date.map_err(|_| refuse(&format!("{field}.date"), HoursRefusalWhy::NotADay))?;
            holidays.push(Holiday {
                date,
                name: holiday.name.trim().to_owned(),
                ranges: read_times(&holiday.ranges, &format!("{field}.ranges"))?,
            });
        }
        let action = &self.out_of_hours.action;
        let words = OutOfHours::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>();
        let out_of_hours = OutOfHours::from_word(action)
            .ok_or_else(|| Problem::unknown_word("out_of_hours.action", &words))?;
        let text = self.out_of_hours.text.trim().to_owned();
        if text.chars().count() > MAX_TEXT || (text.is_empty() && out_of_hours != OutOfHours::Reject) {
            return Err(Problem::field(Code::InvalidText, "out_of_hours.text"));
        }
        let hours = Hours::set(now, &self.zone, weekly, holidays).map_err(|refusal| invalid(&refusal))?;
        Ok(NumberHours {
            hours,
            out_of_hours,
            out_of_hours_text: text,
            outbound_blocked: self.outbound_blocked,
        })
    }
}

fn times(ranges: &[Range]) -> Vec<Times> {
    ranges.iter().map(|range| [written(range.from_min), written(range.to_min)]).collect()
}

fn written(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn read_times(ranges: &[Times], field: &str) -> Result<Vec<Range>, Problem> {
    ranges
        .iter()
        .enumerate()
        .map(|(place, [from, to])| {
            let minute = |text: &str| {
                minute_of(text).ok_or_else(|| refuse(&format!("{field}[{place}]"), HoursRefusalWhy::NotATime))
            };
            Ok(Range { from_min: minute(from)?, to_min: minute(to)? })
        })
        .collect()
}

/// `09:00` to `24:00`.
fn minute_of(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let two = |part: &str| (part.len() == 2).then(|| part.parse::<u16>().ok()).flatten();
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= MIDNIGHT).then_some(minute)
}

fn refuse(field: &str, why: HoursRefusalWhy) -> Problem {
    invalid(&HoursRefusal { field: field.to_owned(), why })
}

pub(super) fn invalid(refusal: &HoursRefusal) -> Problem {
    let sentence = match refusal.why {
        HoursRefusalWhy::UnknownZone => "There is no such time zone. Use a name like America/Sao_Paulo.",
        HoursRefusalWhy::NotADay => "This is not a day. Days are mon to sun, dates are like 2026-12-25.",
        HoursRefusalWhy::NotATime => "This is not a time. Write 09:00 to 24:00.",
        HoursRefusalWhy::Empty => "It ends when it begins.",
        HoursRefusalWhy::Inverted => {
            "It ends before it begins. Hours over midnight are two ranges, on two days."
        }
        HoursRefusalWhy::Overlap => "It lies over another range of the day.",
        HoursRefusalWhy::Past => "The day is over.",
        HoursRefusalWhy::Twice => "The day is there twice.",
        HoursRefusalWhy::TooMany => "There are more than can be kept.",
        HoursRefusalWhy::TooLong => "It is longer than can be kept.",
    };
    Problem::new(Code::InvalidHours, format!("The field {:?}: {sentence}", refusal.field))
        .with("path", refusal.field.as_str())
        .with("why", refusal.why.as_str())
}

/// When a number is open.
#[utoipa::path(
    get, operation_id = "get_number_hours", path = "/api/v1/numbers/{id}/hours", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = NumberOpeningHours),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
) -> Answer<NumberOpeningHours> {
    let hours = state.engine().number_hours(&signed_in.actor.scope, id).await?;
    Ok(Json(NumberOpeningHours::of(hours.as_ref())))
}

/// Sets when a number is open, as a whole. Meta is told by `push`.
#[utoipa::path(
    put, operation_id = "set_number_hours", path = "/api/v1/numbers/{id}/hours", tag = "numbers",
    request_body = OpeningHours,
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = NumberOpeningHours),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, description = "`invalid_hours`, `invalid_text`, `unknown_word`", body = ProblemBody),
    )
)]
pub(crate) async fn put(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<NumberId>,
    Body(wanted): Body<OpeningHours>,
) -> Answer<NumberOpeningHours> {
    let scope = &signed_in.actor.scope;
    let known = state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let now = state.engine().clock().now();
    let hours = wanted.checked(now)?;
    let detail = json!({
        "hours": {
            "zone": hours.hours.zone().name(),
            "holidays": hours.hours.holidays().len(),
            "out_of_hours": hours.out_of_hours.as_str(),
            "outbound_blocked": hours.outbound_blocked,
        }
    });
    let entry = audit_entry(&known, &signed_in, address, now, AuditWhat::NumberChanged, detail);
    state.engine().set_hours(scope, id, hours.clone(), entry).await?;
    Ok(Json(NumberOpeningHours::of(Some(&hours))))
}

/// Is a number open, and when does that change?
#[utoipa::path(
    get, operation_id = "get_number_hours_status", path = "/api/v1/numbers/{id}/hours/status", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`"), Moment),
    responses(
        (status = 200, body = OpenNow),
        (status = 400, description = "`invalid_query`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn status(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
    Query(query): Query<Moment>,
) -> Answer<OpenNow> {
    let at = match query.at.as_deref() {
        Some(text) => moment("at", text)?,
        None => state.engine().clock().now(),
    };
    let status = state.engine().hours_status(&signed_in.actor.scope, id, at).await?;
    Ok(Json(OpenNow {
        open: status.open,
        opens_at: status.opens_at.map(rfc3339),
        closes_at: status.closes_at.map(rfc3339),
        at: rfc3339(at),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_two_digits_on_each_side_and_ends_at_midnight() {
        assert_eq!(
            [minute_of("00:00"), minute_of("09:05"), minute_of("24:00")],
            [Some(0), Some(545), Some(1440)]
        );
        for text in ["9:00", "24:01", "12:60", "12", "noon", "12:00:00", "-1:00", ""] {
            assert_eq!(minute_of(text), None, "{text}");
        }
    }
}
