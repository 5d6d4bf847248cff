//! `switchboard hours …`: a client of the REST API.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use miette::{IntoDiagnostic, Result, miette};
use serde_json::{Map, Value, json};

use super::numbers::{Which, shown};
use super::rest::Server;
use super::terminal::say;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

#[derive(Debug, Args)]
pub(crate) struct Hours {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    which: Which,
    /// Print JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The hours of a number, and where Meta's differ.
    Show,
    /// Set the hours of a number. What is not named stays.
    Set(Set),
    /// Take over Meta's hours in place of ours: week, holidays and zone.
    Take {
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Is it open, and when does that change?
    Check {
        /// At this moment (RFC 3339) instead of now.
        #[arg(long)]
        at: Option<String>,
    },
}

#[derive(Debug, Args)]
struct Set {
    /// Everything at once, as the API has it (JSON).
    #[arg(long, conflicts_with_all = ["zone", "open", "holiday"])]
    file: Option<PathBuf>,
    /// Time zone, like America/Sao_Paulo.
    #[arg(long)]
    zone: Option<String>,
    /// Days and their ranges: mon-fri=09:00-13:00,15:00-18:00, sat=closed, sun=00:00-24:00. Sets the whole week: a day
    /// that is not named is closed.
    #[arg(long)]
    open: Vec<String>,
    /// A date and its ranges: 2026-12-25=closed, 2026-12-24=09:00-12:00. Sets all holidays.
    #[arg(long)]
    holiday: Vec<String>,
    /// No holidays any more.
    #[arg(long, conflicts_with = "holiday")]
    no_holidays: bool,
    /// What a customer gets who calls when it is closed: message, callback_offer, reject.
    #[arg(long)]
    out_of_hours: Option<String>,
    /// The words of that message.
    #[arg(long)]
    text: Option<String>,
    /// No calls are placed when it is closed.
    #[arg(long)]
    outbound_blocked: Option<bool>,
    /// Tell Meta, too.
    #[arg(long)]
    push: bool,
}

impl Hours {
    pub(crate) async fn run(self) -> Result<()> {
        let number = self.which.find(&self.server).await?;
        let path = format!("/api/v1/numbers/{number}/hours");
        match &self.verb {
            Verb::Show => {
                let hours = self.server.get(&path).await?;
                let meta = self.server.get(&format!("{path}/meta")).await?;
                self.print(&json!({ "hours": hours, "at_meta": meta }))
            }
            Verb::Set(set) => {
                let wanted = match &set.file {
                    Some(file) => serde_json::from_str(&std::fs::read_to_string(file).into_diagnostic()?)
                        .into_diagnostic()?,
                    None => set.applied_to(self.server.get(&path).await?)?,
                };
                let hours = self.server.put_json(&path, &wanted).await?;
                let meta = if set.push {
                    self.server.post(&format!("{path}/push")).await?
                } else {
                    self.server.get(&format!("{path}/meta")).await?
                };
                self.print(&json!({ "hours": hours, "at_meta": meta }))
            }
            Verb::Take { dry_run } => {
                let told = if *dry_run {
                    // What Meta has now, and not what was read last.
                    self.server.post(&format!("/api/v1/numbers/{number}/calling/refresh")).await?;
                    self.server.get(&format!("{path}/meta")).await?["taking"].take()
                } else {
                    self.server.post(&format!("{path}/take")).await?
                };
                if self.json {
                    say(&serde_json::to_string_pretty(&told).into_diagnostic()?);
                } else {
                    say(&taking(&told, *dry_run));
                }
                Ok(())
            }
            Verb::Check { at } => {
                let at = at.as_ref().map_or_else(String::new, |at| format!("?at={}", escaped(at)));
                let status = self.server.get(&format!("{path}/status{at}")).await?;
                if self.json {
                    say(&serde_json::to_string_pretty(&status).into_diagnostic()?);
                } else {
                    say(&sentence(&status));
                }
                Ok(())
            }
        }
    }

    fn print(&self, body: &Value) -> Result<()> {
        if self.json {
            say(&serde_json::to_string_pretty(body).into_diagnostic()?);
        } else {
            say(&table(&body["hours"]));
            for line in remarks(&body["at_meta"]) {
                say(&line);
            }
        }
        Ok(())
    }
}

impl Set {
    fn applied_to(&self, mut hours: Value) -> Result<Value> {
        if let Some(fields) = hours.as_object_mut() {
            fields.remove("set");
        }
        if let Some(zone) = &self.zone {
            hours["zone"] = json!(zone);
        }
        if !self.open.is_empty() {
            let mut week = Map::new();
            for one in &self.open {
                let (days, ranges) = parted(one, "--open")?;
                for day in days_of(days)? {
                    week.insert(day.to_owned(), ranges_of(ranges)?);
                }
            }
            hours["weekly"] = Value::Object(week);
        }
        if self.no_holidays || !self.holiday.is_empty() {
            let holidays: Result<Vec<_>> = self
                .holiday
                .iter()
                .map(|one| {
                    let (date, ranges) = parted(one, "--holiday")?;
                    Ok(json!({ "date": date, "ranges": ranges_of(ranges)? }))
                })
                .collect();
            hours["holidays"] = json!(holidays?);
        }
        if let Some(action) = &self.out_of_hours {
            hours["out_of_hours"]["action"] = json!(action);
        }
        if let Some(text) = &self.text {
            hours["out_of_hours"]["text"] = json!(text);
        }
        if let Some(blocked) = self.outbound_blocked {
            hours["outbound_blocked"] = json!(blocked);
        }
        Ok(hours)
    }
}

fn parted<'a>(text: &'a str, option: &str) -> Result<(&'a str, &'a str)> {
    let example = "write it like mon-fri=09:00-13:00,15:00-18:00 or 2026-12-25=closed";
    text.split_once('=').ok_or_else(|| miette!(help = example, "{option} {text:?} has no ="))
}

/// `mon`, `mon-fri`, `mon,wed`, `fri-mon`.
fn days_of(text: &str) -> Result<Vec<&'static str>> {
    let place = |day: &str| {
        let day = day.trim().to_lowercase();
        let found = DAYS.iter().position(|known| *known == day);
        found.ok_or_else(|| miette!(help = "Days are mon to sun.", "there is no day {day:?}"))
    };
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (place(first)?, place(last)?);
        let count = (last + DAYS.len() - first) % DAYS.len() + 1;
        days.extend((0..count).map(|step| DAYS[(first + step) % DAYS.len()]));
    }
    Ok(days)
}

/// `09:00-13:00,15:00-18:00` or `closed`.
fn ranges_of(text: &str) -> Result<Value> {
    if text.trim().eq_ignore_ascii_case("closed") {
        return Ok(json!([]));
    }
    text.split(',')
        .map(|range| {
            let (from, to) = range.split_once('-').ok_or_else(|| {
                miette!(help = "Write 09:00-13:00, or closed.", "{range:?} is no range of times")
            })?;
            Ok(json!([from.trim(), to.trim()]))
        })
        .collect::<Result<Vec<_>>>()
        .map(Value::Array)
}

fn written(ranges: &Value) -> String {
    let ranges = ranges.as_array().into_iter().flatten();
    let ranges: Vec<_> = ranges.map(|range| format!("{}-{}", shown(&range[0]), shown(&range[1]))).collect();
    if ranges.is_empty() { "closed".to_owned() } else { ranges.join(", ") }
}

fn table(hours: &Value) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["Day", "Open"]);
    for day in DAYS {
        table.add_row([day.to_owned(), written(&hours["weekly"][day])]);
    }
    for holiday in hours["holidays"].as_array().into_iter().flatten() {
        let name = holiday["name"].as_str().filter(|name| !name.is_empty());
        let date = shown(&holiday["date"]);
        let day = name.map_or_else(|| date.clone(), |name| format!("{date} {name}"));
        table.add_row([day, written(&holiday["ranges"])]);
    }
    let first = if hours["set"] == false { "Nobody has set hours: always open." } else { "" };
    let rules = format!(
        "Zone {}. When closed: {}; calls of ours are {}.",
        shown(&hours["zone"]),
        shown(&hours["out_of_hours"]["action"]),
        if hours["outbound_blocked"] == true { "not placed" } else { "placed all the same" },
    );
    [first, &rules, &table.to_string()]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

fn remarks(meta: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(why) = meta["cannot_hold"]["sentence"].as_str() {
        lines.push(format!(
            "Meta cannot be told these hours: {why} ({})",
            shown(&meta["cannot_hold"]["field"])
        ));
    }
    for one in meta["drift"].as_array().into_iter().flatten() {
        lines.push(format!(
            "Meta differs in {}: {:?} here, {:?} there",
            shown(&one["field"]),
            one["ours"].as_str().unwrap_or_default(),
            one["meta"].as_str().unwrap_or_default()
        ));
    }
    match meta["read_at"].as_str() {
        Some(read) if lines.is_empty() => lines.push(format!("Meta has the same (read {read}).")),
        Some(_) => {}
        None => lines.push("Meta's hours were never read.".to_owned()),
    }
    lines
}

/// What changes when Meta's hours take the place of ours.
fn taking(taking: &Value, dry_run: bool) -> String {
    if taking.is_null() {
        return "Meta has no hours: there, customers may call day and night.".to_owned();
    }
    if let Some(field) = taking["refused_field"].as_str() {
        return format!("Ours cannot be Meta's: {field}, {}.", shown(&taking["refused_why"]));
    }
    let changes = taking["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    if changes.is_empty() {
        return "Meta has the same hours: nothing changes.".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["", "Ours", "Meta's"]);
    for one in changes {
        let text = |name: &str| one[name].as_str().filter(|text| !text.is_empty()).unwrap_or("-").to_owned();
        table.add_row([text("field"), text("ours"), text("meta")]);
    }
    let first = if dry_run { "This would change:" } else { "This has changed:" };
    format!("{first}\n{table}")
}

fn sentence(status: &Value) -> String {
    let open = status["open"] == true;
    let (word, other) = if open { ("Open", "closes") } else { ("Closed", "opens") };
    let change = if open { &status["closes_at"] } else { &status["opens_at"] };
    match change.as_str() {
        Some(at) => format!("{word}; {other} at {at}."),
        None => format!("{word}; that does not change."),
    }
}

/// A moment in an address: only the plus of its zone has another meaning there.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('+', "%2B").replace('&', "%26").replace(' ', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(open: &[&str], holiday: &[&str]) -> Set {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Set {
            file: None,
            zone: None,
            open: texts(open),
            holiday: texts(holiday),
            no_holidays: false,
            out_of_hours: None,
            text: None,
            outbound_blocked: Some(true),
            push: false,
        }
    }

    #[test]
    fn days_and_ranges_are_read_as_people_write_them() {
        let before = json!({"set": true, "zone": "UTC", "weekly": {"sun": [["00:00", "24:00"]]}, "holidays": [],
            "out_of_hours": {"action": "reject", "text": ""}, "outbound_blocked": false});
        let wanted = set(&["sat-mon=09:00-13:00, 15:00-18:00", "wed=closed"], &["2026-12-25=closed"]);
        let after = wanted.applied_to(before).expect("hours");
        let siesta = json!([["09:00", "13:00"], ["15:00", "18:00"]]);
        assert_eq!(after["weekly"], json!({"sat": siesta, "sun": siesta, "mon": siesta, "wed": []}));
        assert_eq!(after["holidays"], json!([{"date": "2026-12-25", "ranges": []}]));
        assert_eq!(
            (&after["outbound_blocked"], &after["zone"], &after["set"]),
            (&json!(true), &json!("UTC"), &Value::Null)
        );
        for wrong in ["mon 09:00-13:00", "moon=09:00-13:00", "mon=09:00"] {
            assert!(set(&[wrong], &[]).applied_to(json!({})).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_table_says_what_is_closed_and_a_sentence_when_it_changes() {
        let hours = json!({"set": true, "zone": "UTC", "weekly": {"mon": [["09:00", "13:00"]]}, "holidays": [],
            "out_of_hours": {"action": "reject"}, "outbound_blocked": true});
        let text = table(&hours);
        assert!(
            text.contains("09:00-13:00") && text.contains("closed") && text.contains("not placed"),
            "{text}"
        );
        let status = json!({"open": false, "opens_at": "2026-11-23T09:00:00Z", "closes_at": null});
        assert_eq!(sentence(&status), "Closed; opens at 2026-11-23T09:00:00Z.");
    }
}
