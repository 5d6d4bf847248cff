//! What is counted stands in the reference, and what stands there is counted.

use super::shown;
use anyhow::Result;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const REFERENCE: &str = "docs/reference/metrics.md";
const ALERTS: &str = "deploy/prometheus/alerts.yaml";

pub(super) fn check(root: &Path, files: &[PathBuf], complaints: &mut Vec<String>) -> Result<()> {
    let documented = documented(&fs::read_to_string(root.join(REFERENCE))?);
    let mut counted = BTreeSet::new();
    for path in files {
        let name = shown(root, path);
        if name.starts_with("crates/") && name.ends_with(".rs") {
            let here = counted_in(&fs::read_to_string(path)?);
            for metric in here.difference(&documented) {
                complaints.push(format!("{name}: {metric} is not in {REFERENCE}"));
            }
            counted.extend(here);
        }
    }
    for metric in documented.difference(&counted) {
        complaints.push(format!("{REFERENCE}: nothing counts {metric}"));
    }
    for metric in asked_for(&fs::read_to_string(root.join(ALERTS))?) {
        if !documented.contains(&metric) {
            complaints.push(format!("{ALERTS}: {metric} is not in {REFERENCE}"));
        }
    }
    Ok(())
}

/// The names in the rules for alerts, without what Prometheus puts behind those of histograms.
fn asked_for(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let names = words.filter(|word| word.starts_with("switchboard_"));
    let parts = ["_bucket", "_count", "_sum"];
    names
        .map(|name| parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name).to_owned())
        .collect()
}

/// The names at the beginning of table rows.
fn documented(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `switchboard_"));
    rows.filter_map(|row| row.split('`').next()).map(|name| format!("switchboard_{name}")).collect()
}

/// The names in `counter!("…"`, `gauge!("…"` and `histogram!("…"`.
fn counted_in(code: &str) -> BTreeSet<String> {
    let uses = ["counter!(", "gauge!(", "histogram!("].into_iter().flat_map(|call| code.split(call).skip(1));
    let names = uses.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
    names.filter(|name| name.starts_with("switchboard_")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_asks_for_a_histogram_by_its_parts() {
        let text = "expr: rate(switchboard_a_seconds_bucket[5m]) > on(x) switchboard_b{y=\"z\"}";
        assert_eq!(
            asked_for(text).into_iter().collect::<Vec<_>>(),
            ["switchboard_a_seconds", "switchboard_b"]
        );
    }

    #[test]
    fn names_are_found_across_lines_and_in_rows() {
        let code = "metrics::counter!(\n    \"switchboard_a_total\",\n \"k\" => v); gauge!(\"switchboard_b\").set(1.0); describe_gauge!(name)";
        assert_eq!(
            counted_in(code).into_iter().collect::<Vec<_>>(),
            ["switchboard_a_total", "switchboard_b"]
        );
        let text = "| Name | Kind |\n| `switchboard_a_total` | counter | `x` |\nand `switchboard_c`";
        assert_eq!(documented(text).into_iter().collect::<Vec<_>>(), ["switchboard_a_total"]);
    }
}
