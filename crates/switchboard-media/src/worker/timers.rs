//! What is due: ICE and DTLS timers, frames to play, silence, consent, reports.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::peers::{Customer, Line, Shared, Tools};
use super::{Worker, counted, earliest};
use crate::leg::SILENCE;
use crate::rebase::Source;
use crate::report::MediaReport;

impl Worker {
    /// Does everything that is due.
    pub(super) fn time(&mut self, now: Instant) {
        self.wake_at = None;
        counted::strangers(std::mem::take(&mut self.strangers));
        for place in 0..self.customers.places_end() {
            if catch_unwind(AssertUnwindSafe(|| self.customer_time(now, place))).is_err() {
                self.give_up_customer(now, place);
            }
        }
        for place in 0..self.lines.places_end() {
            if catch_unwind(AssertUnwindSafe(|| self.line_time(now, place))).is_err() {
                self.give_up_line(place);
            }
        }
    }

    pub(super) fn customer_time(&mut self, now: Instant, place: usize) {
        let Self { customers, lines, tools, limits, wake_at, .. } = self;
        let Some(customer) = customers.get_mut(place) else { return };
        if customer.due.is_none_or(|due| due > now) {
            *wake_at = earliest(*wake_at, customer.due);
            return;
        }
        customer.with(tools, |session, library, out| session.time(now, library, out));
        let mut line =
            customer.line.and_then(|line| lines.get_mut(line)).filter(|line| line.leg.is_connected());
        while let Some(frame) = customer.session.ringback(now) {
            if let Some(line) = line.as_deref_mut()
                && let Some(to) = line.leg.transport.peer_address()
            {
                let Shared { socket, out } = &mut tools.shared;
                out.push(socket, to, |buf| line.leg.generate(now, Source::Player(0), frame, buf));
            }
        }
        if customer.session.report_due(now) {
            report_quality(now, customer, line, tools);
        } else if let Some(line) = line
            && customer.session.is_live()
            && line.leg.is_silent_since(now, limits.keep_alive)
            && let Some(to) = line.leg.transport.peer_address()
        {
            let Shared { socket, out } = &mut tools.shared;
            out.push(socket, to, |buf| line.leg.generate(now, Source::Silence, SILENCE, buf));
        }
        customer.plan(wake_at);
    }

    pub(super) fn line_time(&mut self, now: Instant, place: usize) {
        let consent_limit = self.config.consent_limit;
        let Some(line) = self.lines.get_mut(place) else { return };
        if line.due.is_none_or(|due| due > now) {
            self.wake_at = earliest(self.wake_at, line.due);
            return;
        }
        if line.leg.is_connected() && now.saturating_duration_since(line.leg.sign_of_life) >= consent_limit {
            self.tools.reports.tell(MediaReport::LineLost { line: line.id });
            self.close_line(now, place);
            return;
        }
        let step = line.leg.transport.time(now);
        let failed = line.pump(now, step, &mut self.tools);
        line.plan(consent_limit, &mut self.wake_at);
        if failed {
            self.close_line(now, place);
        }
    }
}

/// RTCP on both legs of a call, and the quality of both.
fn report_quality(now: Instant, customer: &mut Customer, line: Option<&mut Line>, tools: &mut Tools) {
    let (clock, cname) = (tools.clock, std::mem::take(&mut tools.cname));
    customer.with(tools, |session, _, out| session.send_report(now, clock, &cname, out));
    let mut agent = None;
    if let Some(line) = line {
        agent = line.leg.meter.quality();
        counted::gather("agent", &mut line.leg.meter);
        if let Some(to) = line.leg.transport.peer_address() {
            let Shared { socket, out } = &mut tools.shared;
            out.push(socket, to, |buf| line.leg.report(now, clock, &cname, buf));
        }
    }
    tools.cname = cname;
    counted::gather("customer", &mut customer.session.leg.meter);
    if let Some(quality) = customer.session.leg.meter.quality() {
        tools.reports.tell(MediaReport::Quality { call: customer.session.call, customer: quality, agent });
    }
}
