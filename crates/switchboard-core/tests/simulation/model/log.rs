//! The finished log and the three questions everything else is made of: what came first after a place, what
//! came after it, and where a deadline was noticed.

use switchboard_core::call::input::{CallInput, Offered, ProviderEnded};
use switchboard_core::time::Timestamp;

use crate::world::Told;

/// A place in the story: which entry of the log, and whether it is the deadlines that are applied before
/// it (0), the entry itself (1), or deadlines that are due because of it (2).
pub(crate) type Place = (usize, u8);

#[derive(Clone, Copy)]
pub(crate) struct Log<'a>(pub(crate) &'a [(Timestamp, Told)]);

impl<'a> Log<'a> {
    pub(crate) fn time(self, place: Place) -> Timestamp {
        self.0[place.0].0
    }

    pub(crate) fn input(self, index: usize) -> Option<&'a CallInput> {
        match &self.0[index].1 {
            Told::Input(input) => Some(input),
            Told::Restart => None,
        }
    }

    /// All inputs after a place.
    pub(crate) fn after(self, place: Place) -> impl Iterator<Item = (Place, Timestamp, &'a CallInput)> {
        (0..self.0.len())
            .map(|index| (index, 1))
            .filter(move |here| *here > place)
            .filter_map(move |here| Some((here, self.time(here), self.input(here.0)?)))
    }

    pub(crate) fn first(self, after: Place, fits: impl Fn(&CallInput) -> bool) -> Option<Place> {
        self.after(after).find(|(_, _, input)| fits(input)).map(|(place, _, _)| place)
    }

    /// Where a deadline that exists since `since` is noticed.
    pub(crate) fn noticed(self, since: Place, moment: Timestamp) -> Option<Place> {
        if since.1 > 0 && self.time(since) >= moment {
            return Some((since.0, 2));
        }
        (since.0..self.0.len())
            .filter(|index| self.input(*index).is_some())
            .map(|index| (index, 0))
            .find(|here| *here >= since && self.time(*here) >= moment)
    }

    pub(crate) fn offered(self, place: Place) -> &'a Offered {
        match self.input(place.0) {
            Some(CallInput::Offered(offered)) => offered,
            other => panic!("not an offer: {other:?}"),
        }
    }

    pub(crate) fn ended(self, place: Place) -> &'a ProviderEnded {
        match self.input(place.0) {
            Some(CallInput::ProviderEnded(ended)) => ended,
            other => panic!("not an end: {other:?}"),
        }
    }
}
