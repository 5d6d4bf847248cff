//! Which agent can be rung, and why not (R1). The words are the ones of the console.

use std::fmt;

/// What is known of one agent at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AgentFacts {
    /// His browser is here: a live connection, whatever else is missing.
    pub online: bool,
    /// His line (the peer connection) is connected.
    pub line_connected: bool,
    /// He clicked on this page, so the browser may play sound.
    pub sound_unlocked: bool,
    /// What the browser says about the microphone.
    pub microphone: Microphone,
    /// What he chose.
    pub wish: Wish,
    /// How many calls ring him.
    pub ringing: usize,
    /// He is in a call, or holds one whose line he lost.
    pub in_call: bool,
}

/// What the browser says about the microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Microphone {
    /// It may be opened.
    Granted,
    /// The browser will ask when it is opened first.
    #[default]
    Prompt,
    /// The person or a rule of the house forbade it.
    Denied,
}

/// What an agent chose for himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wish {
    /// Ring me.
    #[default]
    Available,
    /// Do not.
    DoNotDisturb,
}

/// The one word others see of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgentState {
    /// No browser is here.
    Offline,
    /// Here, but microphone, sound or line is missing.
    NotReady,
    /// Can be rung.
    Available,
    /// Is rung.
    Ringing,
    /// In a call.
    Busy,
    /// Does not want to be rung.
    DoNotDisturb,
}

impl AgentState {
    /// Every value.
    pub const ALL: [Self; 6] =
        [Self::Offline, Self::NotReady, Self::Available, Self::Ringing, Self::Busy, Self::DoNotDisturb];

    /// The word in database, API and log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::NotReady => "not_ready",
            Self::Available => "available",
            Self::Ringing => "ringing",
            Self::Busy => "busy",
            Self::DoNotDisturb => "do_not_disturb",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl fmt::Display for AgentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AgentFacts {
    /// The one word others see. A call outweighs everything: who talks is busy also while his line is
    /// lost; who is rung shows it before his wish does.
    #[must_use]
    pub const fn state(self) -> AgentState {
        if self.in_call {
            AgentState::Busy
        } else if !self.online {
            AgentState::Offline
        } else if matches!(self.wish, Wish::DoNotDisturb) {
            AgentState::DoNotDisturb
        } else if !self.ready() {
            AgentState::NotReady
        } else if self.ringing > 0 {
            AgentState::Ringing
        } else {
            AgentState::Available
        }
    }

    /// May a (further) call ring him? Cards stack, so being rung already is no hindrance.
    #[must_use]
    pub const fn can_be_rung(self) -> bool {
        match self.state() {
            AgentState::Available | AgentState::Ringing => true,
            AgentState::Offline | AgentState::NotReady | AgentState::Busy | AgentState::DoNotDisturb => false,
        }
    }

    const fn ready(self) -> bool {
        self.line_connected && self.sound_unlocked && !matches!(self.microphone, Microphone::Denied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: AgentFacts = AgentFacts {
        online: true,
        line_connected: true,
        sound_unlocked: true,
        microphone: Microphone::Granted,
        wish: Wish::Available,
        ringing: 0,
        in_call: false,
    };

    #[track_caller]
    fn check(facts: AgentFacts, state: AgentState, can_be_rung: bool) {
        assert_eq!((facts.state(), facts.can_be_rung()), (state, can_be_rung));
    }

    #[test]
    fn a_ready_agent_is_available_and_a_second_card_stacks_on_the_first() {
        check(READY, AgentState::Available, true);
        check(AgentFacts { microphone: Microphone::Prompt, ..READY }, AgentState::Available, true);
        check(AgentFacts { ringing: 1, ..READY }, AgentState::Ringing, true);
    }

    #[test]
    fn who_misses_line_sound_or_microphone_is_not_ready() {
        check(AgentFacts { line_connected: false, ..READY }, AgentState::NotReady, false);
        check(AgentFacts { sound_unlocked: false, ..READY }, AgentState::NotReady, false);
        check(AgentFacts { microphone: Microphone::Denied, ..READY }, AgentState::NotReady, false);
    }

    #[test]
    fn who_is_in_a_call_is_busy_even_when_his_browser_is_gone() {
        check(AgentFacts { in_call: true, ..READY }, AgentState::Busy, false);
        check(AgentFacts { in_call: true, online: false, ..READY }, AgentState::Busy, false);
    }

    #[test]
    fn nobody_is_rung_against_his_wish_or_without_a_browser() {
        check(AgentFacts { wish: Wish::DoNotDisturb, ..READY }, AgentState::DoNotDisturb, false);
        check(AgentFacts { wish: Wish::DoNotDisturb, ringing: 1, ..READY }, AgentState::DoNotDisturb, false);
        check(AgentFacts::default(), AgentState::Offline, false);
    }

    #[test]
    fn every_word_reads_back() {
        for state in AgentState::ALL {
            assert_eq!(AgentState::from_word(state.as_str()), Some(state));
        }
        assert_eq!(AgentState::from_word("cooldown"), None);
    }
}
