//! One call of one customer, as Meta sees it: which actions of the business fit, and how the call ends.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::media::sdp::{self, Answer, OfferShape};
use crate::rules::{Refusal, SdpRefusal};

/// Who calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The customer calls the business.
    #[default]
    UserInitiated,
    /// The business calls the customer.
    BusinessInitiated,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// The connect webhook was sent.
    Offered,
    /// The business calls, and the customer's phone rings.
    Ringing,
    /// `pre_accept` was processed.
    PreAccepted,
    /// `accept` was processed, or the customer picked up.
    Accepted,
    /// Over.
    Ended,
}

/// Who or what ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The customer hung up.
    Customer,
    /// The business sent `terminate`.
    Business,
    /// The business sent `reject`.
    Rejected,
    /// The customer declined, or was busy.
    Declined,
    /// The customer's app failed to set the call up (138019).
    SetupFailed,
    /// The customer's app did not reach the relay (138020).
    RelayUnreachable,
    /// Nobody accepted in time.
    RingTimeout,
    /// The customer's app gave up for want of media (138021).
    MediaTimeout,
    /// The simulator was shut down.
    Shutdown,
}

/// The part of an action's body that carries SDP.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Session {
    #[serde(default)]
    pub(crate) sdp_type: Option<String>,
    #[serde(default)]
    pub(crate) sdp: Option<String>,
}

/// The signalling of one call.
#[derive(Debug)]
pub(crate) struct Customer {
    direction: Direction,
    state: CallState,
    ended_by: Option<EndedBy>,
    answer: Option<String>,
    sdp_refusal: SdpRefusal,
    /// What was offered decides what may be answered.
    shape: OfferShape,
    pub(crate) offered_at: Instant,
    pub(crate) pre_accepted_at: Option<Instant>,
    /// When the phone of a customer began to ring whom the business calls.
    pub(crate) rang_at: Option<Instant>,
    pub(crate) accepted_at: Option<Instant>,
    /// Seconds since 1970 at `accept` or at the pick-up.
    pub(crate) started: Option<i64>,
    pub(crate) callback_data: Option<String>,
}

impl Customer {
    pub(crate) fn new(now: Instant, sdp_refusal: SdpRefusal, shape: OfferShape) -> Self {
        Self {
            direction: Direction::UserInitiated,
            state: CallState::Offered,
            ended_by: None,
            answer: None,
            sdp_refusal,
            shape,
            offered_at: now,
            pre_accepted_at: None,
            rang_at: None,
            accepted_at: None,
            started: None,
            callback_data: None,
        }
    }

    /// The customer at the other end of a call of the business.
    pub(crate) fn called(now: Instant, callback_data: Option<String>) -> Self {
        let mut customer = Self::new(now, SdpRefusal::Documented, OfferShape::Modern);
        customer.direction = Direction::BusinessInitiated;
        customer.callback_data = callback_data;
        customer
    }

    pub(crate) fn direction(&self) -> Direction {
        self.direction
    }

    /// The phone of a called customer rings; false when the call is over or rings already.
    pub(crate) fn ring(&mut self, now: Instant) -> bool {
        let rings = self.direction == Direction::BusinessInitiated && self.state == CallState::Offered;
        if rings {
            self.state = CallState::Ringing;
            self.rang_at = Some(now);
        }
        rings
    }

    /// A called customer picks up; false when nothing rings.
    pub(crate) fn pick_up(&mut self, now: Instant, unix_seconds: i64) -> bool {
        let picks_up = self.state == CallState::Ringing;
        if picks_up {
            self.state = CallState::Accepted;
            self.accepted_at = Some(now);
            self.started = Some(unix_seconds);
        }
        picks_up
    }

    pub(crate) fn state(&self) -> CallState {
        self.state
    }

    pub(crate) fn ended_by(&self) -> Option<EndedBy> {
        self.ended_by
    }

    /// `pre_accept`: optional, once, before `accept` (user-initiated calls, Nov 2025). The same answer twice is
    /// taken: no source tells what Meta does then, and nothing changes by it.
    pub(crate) fn pre_accept(
        &mut self,
        now: Instant,
        session: Option<&Session>,
    ) -> Result<Option<Answer>, Refusal> {
        self.refuse_when_over()?;
        self.refuse_when_called()?;
        let (text, answer) = self.read(session)?;
        match self.state {
            CallState::Offered => {
                self.state = CallState::PreAccepted;
                self.pre_accepted_at = Some(now);
                self.answer = Some(text);
                Ok(Some(answer))
            }
            CallState::PreAccepted if self.answer.as_deref() == Some(text.as_str()) => Ok(None),
            CallState::PreAccepted => Err(Refusal::call("The call was pre-accepted with a different SDP")),
            CallState::Ringing | CallState::Accepted | CallState::Ended => {
                Err(Refusal::call("The call is already in progress"))
            }
        }
    }

    /// `accept`: once, and after `pre_accept` with the very same SDP (user-initiated calls, Nov 2025).
    pub(crate) fn accept(
        &mut self,
        now: Instant,
        unix_seconds: i64,
        session: Option<&Session>,
    ) -> Result<Option<Answer>, Refusal> {
        self.refuse_when_over()?;
        self.refuse_when_called()?;
        if self.state == CallState::Accepted {
            return Err(Refusal::call("The call is already in progress"));
        }
        let (text, answer) = self.read(session)?;
        let new_answer = match &self.answer {
            Some(known) if *known != text => {
                return Err(Refusal::call("The SDP of accept differs from the SDP of pre_accept"));
            }
            Some(_) => None,
            None => Some(answer),
        };
        self.state = CallState::Accepted;
        self.accepted_at = Some(now);
        self.started = Some(unix_seconds);
        self.answer = Some(text);
        Ok(new_answer)
    }

    /// `reject`: only before `accept`.
    pub(crate) fn reject(&mut self) -> Result<(), Refusal> {
        self.refuse_when_over()?;
        self.refuse_when_called()?;
        if self.state == CallState::Accepted {
            return Err(Refusal::call("The call is already in progress and cannot be rejected"));
        }
        self.end(EndedBy::Rejected);
        Ok(())
    }

    /// `terminate`: while the call lives; one that never was accepted ends like a rejected one.
    pub(crate) fn terminate(&mut self) -> Result<(), Refusal> {
        self.refuse_when_over()?;
        self.end(EndedBy::Business);
        Ok(())
    }

    /// The call ends by itself or by the customer; false when it was over already.
    pub(crate) fn end(&mut self, by: EndedBy) -> bool {
        if self.state == CallState::Ended {
            return false;
        }
        self.state = CallState::Ended;
        self.ended_by = Some(by);
        true
    }

    fn refuse_when_over(&self) -> Result<(), Refusal> {
        match self.ended_by {
            None => Ok(()),
            Some(EndedBy::Customer) => Err(Refusal::call("The user already terminated the call")),
            Some(EndedBy::Rejected | EndedBy::Declined) => {
                Err(Refusal::call("The call was already rejected"))
            }
            Some(
                EndedBy::Business
                | EndedBy::SetupFailed
                | EndedBy::RelayUnreachable
                | EndedBy::RingTimeout
                | EndedBy::MediaTimeout
                | EndedBy::Shutdown,
            ) => Err(Refusal::call("The call is already completed or failed")),
        }
    }

    /// Nobody accepts or rejects his own call.
    fn refuse_when_called(&self) -> Result<(), Refusal> {
        match self.direction {
            Direction::UserInitiated => Ok(()),
            Direction::BusinessInitiated => Err(Refusal::call("The call was initiated by the business")),
        }
    }

    fn read(&self, session: Option<&Session>) -> Result<(String, Answer), Refusal> {
        let Some(session) = session else {
            return Err(Refusal::parameter("The parameter session is required"));
        };
        // M-UIC's table says "offer" for all actions; in production it never connects (public client, Jul 2026).
        match session.sdp_type.as_deref() {
            Some("answer") => {}
            Some(_) => return Err(Refusal::parameter("session.sdp_type must be answer")),
            None => return Err(Refusal::parameter("The parameter session.sdp_type is required")),
        }
        let Some(text) = &session.sdp else {
            return Err(Refusal::parameter("The parameter session.sdp is required"));
        };
        let answer =
            sdp::read_answer(text, self.shape).map_err(|problem| Refusal::sdp(&problem, self.sdp_refusal))?;
        Ok((text.clone(), answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;

    const ANSWER: &str = include_str!("../tests/samples/business-answer-user-initiated-recommended.sdp");

    fn session(sdp_type: &str, sdp: &str) -> Session {
        Session { sdp_type: Some(sdp_type.into()), sdp: Some(sdp.into()) }
    }

    fn offered() -> Customer {
        Customer::new(now(), SdpRefusal::Documented, OfferShape::Modern)
    }

    #[test]
    fn a_call_is_pre_accepted_and_accepted_with_the_same_answer() {
        let mut call = offered();
        assert!(call.pre_accept(now(), Some(&session("answer", ANSWER))).expect("taken").is_some());
        assert!(call.accept(now(), 5, Some(&session("answer", ANSWER))).expect("taken").is_none());
        assert_eq!((call.state(), call.started), (CallState::Accepted, Some(5)));
    }

    #[test]
    fn accept_without_pre_accept_is_allowed() {
        assert!(offered().accept(now(), 5, Some(&session("answer", ANSWER))).expect("taken").is_some());
    }

    #[test]
    fn another_answer_on_accept_is_refused_and_the_call_lives_on() {
        let mut call = offered();
        call.pre_accept(now(), Some(&session("answer", ANSWER))).expect("taken");
        let other = ANSWER.replace("bizU", "other");
        assert!(call.accept(now(), 5, Some(&session("answer", &other))).is_err());
        assert!(call.accept(now(), 5, Some(&session("answer", ANSWER))).is_ok());
    }

    #[test]
    fn a_session_of_the_wrong_type_or_none_is_refused() {
        let mut call = offered();
        assert!(call.pre_accept(now(), None).is_err());
        assert!(call.pre_accept(now(), Some(&session("offer", ANSWER))).is_err());
        assert!(call.pre_accept(now(), Some(&Session { sdp_type: None, sdp: Some(ANSWER.into()) })).is_err());
        assert!(
            call.accept(now(), 5, Some(&Session { sdp_type: Some("answer".into()), sdp: None })).is_err()
        );
        assert_eq!(call.state(), CallState::Offered);
    }

    #[test]
    fn bad_sdp_is_100_or_138008_as_switched() {
        let bad = session("answer", &ANSWER.replace("\r\n", "\n"));
        assert_eq!(offered().pre_accept(now(), Some(&bad)).expect_err("refused").code, 100);
        let mut seen = Customer::new(now(), SdpRefusal::Seen, OfferShape::Modern);
        assert_eq!(seen.pre_accept(now(), Some(&bad)).expect_err("refused").code, 138_008);
    }

    #[test]
    fn second_arrivals_are_refused() {
        let mut call = offered();
        let answer = session("answer", ANSWER);
        call.accept(now(), 5, Some(&answer)).expect("taken");
        assert!(call.accept(now(), 6, Some(&answer)).is_err());
        assert!(call.pre_accept(now(), Some(&answer)).is_err());
        assert!(call.reject().is_err());
        call.terminate().expect("taken");
        assert!(call.terminate().is_err());
        assert!(!call.end(EndedBy::Customer));
        assert_eq!(call.ended_by(), Some(EndedBy::Business));
    }

    #[test]
    fn nothing_is_accepted_after_the_user_left() {
        let mut call = offered();
        assert!(call.end(EndedBy::Customer));
        assert!(call.accept(now(), 5, Some(&session("answer", ANSWER))).is_err());
        assert!(call.reject().is_err());
    }
}
