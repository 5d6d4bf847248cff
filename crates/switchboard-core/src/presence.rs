//! Which agent can be rung, and how colleagues read it.

use crate::call::state::words;

words! {
    /// The word colleagues read (R1; cooldown and missed come with wrap-up).
    PresenceState {
        /// No page open.
        Offline = "offline",
        /// Microphone, sound or line is missing.
        NotReady = "not_ready",
        /// Can be rung, is not.
        Available = "available",
        /// Is rung.
        Ringing = "ringing",
        /// In a call.
        Busy = "busy",
        /// Does not want to be rung.
        DoNotDisturb = "do_not_disturb",
    }
}

/// What is known of an agent at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentFacts {
    /// At least one page is open.
    pub page_open: bool,
    /// ICE and DTLS of the line are up.
    pub line_connected: bool,
    /// The page with the line was clicked since it was loaded, so it may ring aloud.
    pub sound_unlocked: bool,
    /// The browser refuses the microphone.
    pub microphone_denied: bool,
    /// He chose not to be rung.
    pub do_not_disturb: bool,
    /// Calls he is rung for.
    pub ringing: usize,
    /// He is in a call.
    pub in_call: bool,
}

impl AgentFacts {
    /// May a call be offered to him? Being rung for one call does not keep another away: cards stack.
    #[must_use]
    pub const fn can_be_rung(&self) -> bool {
        self.line_connected
            && self.sound_unlocked
            && !self.microphone_denied
            && !self.do_not_disturb
            && !self.in_call
    }

    /// May he call a customer himself? Who does not want to be rung may.
    #[must_use]
    pub const fn can_call(&self) -> bool {
        self.line_connected && self.sound_unlocked && !self.microphone_denied && !self.in_call
    }

    /// The word for it.
    #[must_use]
    pub const fn state(&self) -> PresenceState {
        if self.in_call {
            PresenceState::Busy
        } else if !self.page_open && !self.line_connected {
            PresenceState::Offline
        } else if self.do_not_disturb {
            PresenceState::DoNotDisturb
        } else if !self.can_be_rung() {
            PresenceState::NotReady
        } else if self.ringing > 0 {
            PresenceState::Ringing
        } else {
            PresenceState::Available
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: AgentFacts = AgentFacts {
        page_open: true,
        line_connected: true,
        sound_unlocked: true,
        microphone_denied: false,
        do_not_disturb: false,
        ringing: 0,
        in_call: false,
    };

    #[test]
    fn a_page_with_line_and_sound_is_available() {
        assert_eq!(READY.state(), PresenceState::Available);
        assert!(READY.can_be_rung());
    }

    #[test]
    fn whoever_cannot_hear_the_ring_is_not_ready() {
        for facts in [
            AgentFacts { sound_unlocked: false, ..READY },
            AgentFacts { line_connected: false, ..READY },
            AgentFacts { microphone_denied: true, ..READY },
        ] {
            assert_eq!(facts.state(), PresenceState::NotReady);
            assert!(!facts.can_be_rung());
        }
    }

    #[test]
    fn who_does_not_want_to_be_rung_may_call_himself_and_who_is_in_a_call_may_not() {
        let quiet = AgentFacts { do_not_disturb: true, ..READY };
        assert!(quiet.can_call() && !quiet.can_be_rung());
        for facts in [
            AgentFacts { in_call: true, ..READY },
            AgentFacts { line_connected: false, ..READY },
            AgentFacts { sound_unlocked: false, ..READY },
            AgentFacts { microphone_denied: true, ..READY },
        ] {
            assert!(!facts.can_call());
        }
    }

    #[test]
    fn a_second_call_may_ring_beside_the_first_but_not_beside_a_conversation() {
        assert!(AgentFacts { ringing: 1, ..READY }.can_be_rung());
        assert!(!AgentFacts { in_call: true, ..READY }.can_be_rung());
    }

    #[test]
    fn an_agent_whose_page_reloads_in_mid_call_is_still_busy() {
        let facts = AgentFacts { page_open: false, line_connected: false, in_call: true, ..READY };
        assert_eq!(facts.state(), PresenceState::Busy);
    }

    #[test]
    fn do_not_disturb_is_respected_and_shown() {
        let facts = AgentFacts { do_not_disturb: true, ..READY };
        assert_eq!(facts.state(), PresenceState::DoNotDisturb);
        assert!(!facts.can_be_rung());
    }

    #[test]
    fn every_word_reads_back_and_words_of_later_are_refused() {
        for state in PresenceState::ALL {
            assert_eq!(PresenceState::from_word(state.as_str()), Some(*state));
        }
        assert_eq!(PresenceState::from_word("cooldown"), None);
    }
}
