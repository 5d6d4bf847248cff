//! Who was rung at a place of the log, who clicked first, and whose decline left nobody.

use switchboard_core::call::input::CallInput;
use switchboard_core::ids::UserId;
use switchboard_core::time::Timestamp;

use super::Story;
use super::log::Place;

impl Story<'_> {
    /// Can this agent be rung at this place? The last word about him counts.
    fn available(&self, agent: UserId, at: Place) -> bool {
        let mut available = false;
        for index in 0..at.0 {
            match self.log.input(index) {
                // A restart forgets who was there.
                None => available = false,
                Some(CallInput::Offered(_)) if index == self.offer.0 => {
                    available |= self.available.contains(&agent);
                }
                Some(CallInput::AgentAvailable(who)) if *who == agent => available = true,
                Some(CallInput::AgentUnavailable(who)) if *who == agent => available = false,
                Some(_) => {}
            }
        }
        available
    }

    fn everybody(&self) -> Vec<UserId> {
        let mut everybody = self.available.clone();
        for (_, _, input) in self.log.after((0, 0)) {
            if let CallInput::AgentAvailable(agent) = input {
                everybody.push(*agent);
            }
        }
        everybody
    }

    /// Is he rung at this place, by the ringing that began at `since`?
    pub(crate) fn rung(&self, agent: UserId, since: Place, at: Place) -> bool {
        self.available(agent, at) && !self.declined(agent, since, at)
    }

    fn declined(&self, agent: UserId, since: Place, at: Place) -> bool {
        self.log.after(since).any(|(place, _, input)| {
            place < at && *input == CallInput::Decline { by: agent } && self.available(agent, place)
        })
    }

    fn anybody_rung(&self, since: Place, at: Place) -> bool {
        self.everybody().into_iter().any(|agent| self.rung(agent, since, at))
    }

    /// The first click of somebody who is rung.
    pub(crate) fn first_click(&self, since: Place, until: Timestamp) -> Option<(Place, UserId)> {
        self.log.after(since).take_while(|(_, now, _)| *now < until).find_map(|(place, _, input)| match input
        {
            CallInput::Answer { by } if self.rung(*by, since, place) => Some((place, *by)),
            _ => None,
        })
    }

    /// The decline after which nobody rings.
    pub(crate) fn last_decline(&self, since: Place, until: Timestamp) -> Option<Place> {
        self.log.after(since).take_while(|(_, now, _)| *now < until).find_map(|(place, _, input)| match input
        {
            CallInput::Decline { by } if self.rung(*by, since, place) => {
                (!self.anybody_rung(since, (place.0, 2))).then_some(place)
            }
            _ => None,
        })
    }
}
