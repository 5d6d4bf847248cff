//! Contacts from a CSV file: read at once, line by line, so that who uploads it hears what is wrong with which line;
//! taken in in small parts, by the request itself or, when there are many, as owed work.

use std::collections::HashMap;

use switchboard_core::access::Scope;
use switchboard_core::ids::{BranchId, ImportId, UserId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::audit::Author;
use switchboard_store::contacts::{Import, ImportLine, MAX_TAGS, OptIn, Refused};

use crate::Engine;
use crate::jobs::{Attempt, Owed};

/// Bytes of a file.
pub const MAX_FILE: usize = 10 * 1024 * 1024;
/// Lines of a file.
pub const MAX_LINES: usize = 200_000;
/// More lines than this are taken in as owed work.
const AT_ONCE: usize = 1_000;
/// Characters of a field.
const MAX_FIELD: usize = 500;
/// Characters of a tag.
const MAX_TAG: usize = 50;

const COLUMNS: [&str; 9] = [
    "phone",
    "name",
    "owner_email",
    "branch",
    "tags",
    "lead_reference",
    "opt_in",
    "opt_in_evidence",
    "opt_in_at",
];

/// Why a file is not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileRefused {
    /// It is empty, or has no column `phone`.
    #[error("the first line must name the columns, and one of them phone")]
    NoHeading,
    /// A column nobody knows.
    #[error("the column {0:?} is not known")]
    UnknownColumn(String),
    /// It is not CSV in UTF-8.
    #[error("line {0} is not CSV in UTF-8")]
    NotCsv(u64),
    /// More lines than are taken.
    #[error("the file has more lines than are taken")]
    TooLong,
}

/// What could be read of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// Lines that can be taken in; of one number the last.
    pub lines: Vec<ImportLine>,
    /// Lines that cannot.
    pub refused: Vec<Refused>,
}

/// Who and what lines may name.
struct Known {
    people: HashMap<String, UserId>,
    branches: HashMap<String, BranchId>,
    now: Timestamp,
}

impl Engine {
    /// Reads a file of contacts.
    ///
    /// # Errors
    /// [`FileRefused`] when it is no such file; a line that is wrong is among the refused ones.
    pub async fn read_contacts(
        &self,
        scope: &Scope,
        file: Vec<u8>,
    ) -> Result<Result<ReadFile, FileRefused>, StoreError> {
        let people = self.store().users().list(scope).await?;
        let branches = self.store().tenants().branches(scope).await?;
        let known = Known {
            people: people.into_iter().map(|user| (user.email.to_lowercase(), user.id)).collect(),
            branches: branches.into_iter().map(|branch| (branch.name.to_lowercase(), branch.id)).collect(),
            now: self.clock().now(),
        };
        let (engine, scope) = (self.clone(), scope.clone());
        let read = tokio::task::spawn_blocking(move || {
            read(&file, &known, |text| engine.read_phone(&scope, text).map_err(|why| why.to_string()))
        });
        // A panic in there would be a bug of ours; the upload is refused as unreadable then.
        Ok(read.await.unwrap_or(Err(FileRefused::NotCsv(0))))
    }

    /// Takes in what was read: at once, or as owed work when there is much.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn import_contacts(
        &self,
        scope: &Scope,
        author: &Author,
        file: ReadFile,
    ) -> Result<Import, StoreError> {
        let many = file.lines.len() > AT_ONCE;
        let contacts = self.store().contacts();
        let import = contacts
            .begin_import(scope, file.lines, file.refused, author, |id| {
                if !many {
                    return Vec::new();
                }
                vec![self.job(Some(scope.tenant), &Owed::Import { id: id.to_string() })]
            })
            .await?;
        if many {
            self.jobs_are_due();
            return Ok(import);
        }
        let mut newest = import;
        while let Some(further) = contacts.import_more(scope, newest.id, author).await? {
            newest = further;
        }
        Ok(newest)
    }

    /// Goes on with a file for a while; what is left is owed on.
    pub(crate) async fn carry_import(
        &self,
        tenant: Option<switchboard_core::ids::TenantId>,
        id: &str,
    ) -> Attempt {
        let (Some(tenant), Ok(id)) = (tenant, id.parse::<ImportId>()) else {
            return Attempt::Hopeless("it names no file".to_owned());
        };
        let scope = Scope::of_the_exchange(tenant);
        loop {
            let author = Author::exchange(self.clock().now());
            match self.store().contacts().import_more(&scope, id, &author).await {
                Ok(Some(_)) => tokio::task::yield_now().await,
                Ok(None) => return Attempt::Done,
                Err(error) => return error.into(),
            }
        }
    }
}

fn read(
    file: &[u8],
    known: &Known,
    phone: impl Fn(&str) -> Result<PhoneNumber, String>,
) -> Result<ReadFile, FileRefused> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let heading = file.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // Spreadsheets of half the world write semicolons.
    let delimiter = if heading.contains(&b';') && !heading.contains(&b',') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(file);
    let columns: Vec<String> = reader
        .headers()
        .map_err(|_| FileRefused::NoHeading)?
        .iter()
        .map(|name| name.to_lowercase().replace([' ', '-'], "_"))
        .collect();
    if !columns.iter().any(|name| name == "phone") {
        return Err(FileRefused::NoHeading);
    }
    if let Some(unknown) = columns.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        return Err(FileRefused::UnknownColumn(unknown.chars().take(40).collect()));
    }
    let (mut lines, mut refused): (Vec<ImportLine>, Vec<Refused>) = (Vec::new(), Vec::new());
    let mut places: HashMap<String, usize> = HashMap::new();
    for record in reader.records() {
        let record =
            record.map_err(|error| FileRefused::NotCsv(error.position().map_or(0, csv::Position::line)))?;
        let number = record.position().map_or(0, csv::Position::line);
        if lines.len() + refused.len() >= MAX_LINES {
            return Err(FileRefused::TooLong);
        }
        let fields: HashMap<&str, &str> = columns.iter().map(String::as_str).zip(record.iter()).collect();
        if fields.values().all(|field| field.is_empty()) {
            continue;
        }
        match line(&fields, known, &phone) {
            Ok(line) => match places.get(&line.phone.key()) {
                Some(place) => join(&mut lines[*place], line),
                None => {
                    places.insert(line.phone.key(), lines.len());
                    lines.push(line);
                }
            },
            Err((field, why)) => refused.push(Refused {
                line: u32::try_from(number).unwrap_or(u32::MAX),
                field: field.to_owned(),
                why,
            }),
        }
    }
    Ok(ReadFile { lines, refused })
}

/// Of two lines about one person the later one wins where it says something.
fn join(known: &mut ImportLine, later: ImportLine) {
    known.name = later.name.or(known.name.take());
    known.owner = later.owner.or(known.owner);
    known.branch = later.branch.or(known.branch);
    known.lead_reference = later.lead_reference.or(known.lead_reference.take());
    known.opt_in = later.opt_in.or(known.opt_in.take());
    for tag in later.tags {
        if !known.tags.contains(&tag) && known.tags.len() < MAX_TAGS {
            known.tags.push(tag);
        }
    }
}

type Wrong = (&'static str, String);

fn line(
    fields: &HashMap<&str, &str>,
    known: &Known,
    phone: impl Fn(&str) -> Result<PhoneNumber, String>,
) -> Result<ImportLine, Wrong> {
    let text = |name: &'static str| -> Result<Option<String>, Wrong> {
        let field = fields.get(name).copied().unwrap_or_default();
        if field.chars().count() > MAX_FIELD {
            return Err((name, format!("it is longer than {MAX_FIELD} characters")));
        }
        Ok((!field.is_empty()).then(|| field.to_owned()))
    };
    let owner = text("owner_email")?
        .map(|email| {
            let found = known.people.get(&email.to_lowercase()).copied();
            found.ok_or(("owner_email", "nobody of this business has this address".to_owned()))
        })
        .transpose()?;
    let branch = text("branch")?
        .map(|name| {
            let found = known.branches.get(&name.to_lowercase()).copied();
            found.ok_or(("branch", "there is no such branch".to_owned()))
        })
        .transpose()?;
    Ok(ImportLine {
        phone: phone(fields.get("phone").copied().unwrap_or_default()).map_err(|why| ("phone", why))?,
        name: text("name")?,
        owner,
        branch,
        tags: tags(text("tags")?)?,
        lead_reference: text("lead_reference")?,
        opt_in: opt_in(fields, known.now)?,
    })
}

fn tags(field: Option<String>) -> Result<Vec<String>, Wrong> {
    let mut tags: Vec<String> = Vec::new();
    for tag in field.iter().flat_map(|field| field.split([',', '|', ';'])).map(str::trim) {
        if tag.chars().count() > MAX_TAG {
            return Err(("tags", format!("a tag has at most {MAX_TAG} characters")));
        }
        if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(("tags", format!("there are at most {MAX_TAGS}")));
    }
    Ok(tags)
}

fn opt_in(fields: &HashMap<&str, &str>, now: Timestamp) -> Result<Option<OptIn>, Wrong> {
    let field = |name: &str| fields.get(name).copied().unwrap_or_default();
    let evidence = field("opt_in_evidence");
    match field("opt_in").to_lowercase().as_str() {
        "" | "no" | "n" | "false" | "0" | "nao" | "não" => return Ok(None),
        "yes" | "y" | "true" | "1" | "si" | "sí" | "sim" | "s" | "x" => {}
        _ => return Err(("opt_in", "it takes yes or no".to_owned())),
    }
    if evidence.is_empty() || evidence.chars().count() > MAX_FIELD {
        return Err(("opt_in_evidence", "say where the customer agreed, in up to 500 characters".to_owned()));
    }
    let at = match field("opt_in_at") {
        "" => now,
        text => {
            moment(text).ok_or(("opt_in_at", "it takes 2026-01-31 or 2026-01-31T09:00:00Z".to_owned()))?
        }
    };
    if at > now {
        return Err(("opt_in_at", "it lies in the future".to_owned()));
    }
    Ok(Some(OptIn { evidence: evidence.to_owned(), at }))
}

fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(Timestamp::from_micros(at.timestamp_micros()));
    }
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(Timestamp::from_seconds(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let user = UserId::from_uuid(uuid::Uuid::from_u128(1));
        let branch = BranchId::from_uuid(uuid::Uuid::from_u128(2));
        Known {
            people: HashMap::from([("ana@example.com".to_owned(), user)]),
            branches: HashMap::from([("north".to_owned(), branch)]),
            now: Timestamp::from_seconds(1_795_176_000),
        }
    }

    fn file(text: &str) -> Result<ReadFile, FileRefused> {
        read(text.as_bytes(), &known(), |text| {
            PhoneNumber::read(text, Some("BR")).map_err(|why| why.to_string())
        })
    }

    #[test]
    fn a_file_is_read_whatever_wrote_it() {
        for text in [
            "phone,name,tags,branch,owner_email\n(11) 98211-4477,Maria,\"vip,fair\",North,ANA@example.com\n",
            "\u{feff}Phone;Name;Tags;Branch;Owner email\r\n+55 11 98211-4477; Maria ;vip|fair;north;ana@example.com\r\n\r\n;;;;\r\n",
        ] {
            let read = file(text).expect("a file");
            assert_eq!(read.refused, [], "{text}");
            assert_eq!(read.lines.len(), 1);
            let line = &read.lines[0];
            assert_eq!(line.phone.digits(), "5511982114477");
            assert_eq!((line.name.as_deref(), line.tags.len()), (Some("Maria"), 2));
            assert!(line.owner.is_some() && line.branch.is_some());
        }
    }

    #[test]
    fn each_wrong_line_is_named_with_its_field_and_without_what_stands_in_it() {
        let read = file(
            "phone,opt_in,opt_in_evidence,opt_in_at,owner_email,branch,tags\n\
             call me,,,,,,\n\
             +15550100002,maybe,,,,,\n\
             +15550100003,yes,,,,,\n\
             +15550100004,yes,form 7,yesterday,,,\n\
             +15550100005,yes,form 7,2030-01-01,,,\n\
             +15550100006,,,,bob@example.com,,\n\
             +15550100007,,,,,West,\n\
             +15550100008,sim,form 7,2026-01-31,,,\n",
        )
        .expect("a file");
        let refused: Vec<(u32, &str)> =
            read.refused.iter().map(|refused| (refused.line, refused.field.as_str())).collect();
        assert_eq!(
            refused,
            [
                (2, "phone"),
                (3, "opt_in"),
                (4, "opt_in_evidence"),
                (5, "opt_in_at"),
                (6, "opt_in_at"),
                (7, "owner_email"),
                (8, "branch")
            ]
        );
        assert!(read.refused.iter().all(|refused| !refused.why.contains("bob")));
        assert_eq!(read.lines.len(), 1);
        assert_eq!(read.lines[0].opt_in.as_ref().expect("an opt-in").at.seconds(), 1_769_817_600);
    }

    #[test]
    fn two_lines_about_one_person_are_one() {
        let read = file("phone,name,tags\n551187654321,Maria,a\n+55 11 98765-4321,,b\n").expect("a file");
        assert_eq!(read.lines.len(), 1);
        assert_eq!((read.lines[0].name.as_deref(), read.lines[0].tags.len()), (Some("Maria"), 2));
    }

    #[test]
    fn what_is_no_such_file_is_refused_whole() {
        assert_eq!(file(""), Err(FileRefused::NoHeading));
        assert_eq!(file("name\nMaria\n"), Err(FileRefused::NoHeading));
        assert_eq!(file("phone,shoe size\n"), Err(FileRefused::UnknownColumn("shoe_size".to_owned())));
        let broken = read(b"phone\n\xff\xfe\n", &known(), |_| Err(String::new()));
        assert_eq!(broken, Err(FileRefused::NotCsv(2)));
    }
}
