//! Legs by number and by name: the number is a socket's token and a cheap reference between legs.

use std::collections::HashMap;
use std::hash::Hash;

/// A table whose places are used again.
#[derive(Debug)]
pub(crate) struct Table<Name, Item> {
    items: Vec<Option<(Name, Item)>>,
    free: Vec<usize>,
    places: HashMap<Name, usize>,
}

impl<Name, Item> Default for Table<Name, Item> {
    fn default() -> Self {
        Self { items: Vec::new(), free: Vec::new(), places: HashMap::new() }
    }
}

impl<Name: Copy + Eq + Hash, Item> Table<Name, Item> {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The place the next item will get.
    pub(crate) fn next_place(&self) -> usize {
        self.free.last().copied().unwrap_or(self.items.len())
    }

    pub(crate) fn insert(&mut self, name: Name, item: Item) -> usize {
        let place = self.next_place();
        if self.free.pop().is_some() {
            self.items[place] = Some((name, item));
        } else {
            self.items.push(Some((name, item)));
        }
        self.places.insert(name, place);
        place
    }

    pub(crate) fn remove(&mut self, place: usize) -> Option<Item> {
        let (name, item) = self.items.get_mut(place)?.take()?;
        self.places.remove(&name);
        self.free.push(place);
        Some(item)
    }

    pub(crate) fn place_of(&self, name: Name) -> Option<usize> {
        self.places.get(&name).copied()
    }

    pub(crate) fn of(&mut self, name: Name) -> Option<&mut Item> {
        self.get_mut(self.place_of(name)?)
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Item> {
        self.items.get(place)?.as_ref().map(|(_, item)| item)
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut Item> {
        self.items.get_mut(place)?.as_mut().map(|(_, item)| item)
    }

    /// The places in use now.
    pub(crate) fn places(&self) -> Vec<usize> {
        (0..self.items.len()).filter(|place| self.items[*place].is_some()).collect()
    }

    /// One more than the highest place.
    pub(crate) fn places_end(&self) -> usize {
        self.items.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_given_back_is_used_again() {
        let mut table = Table::default();
        assert_eq!((table.insert('a', 1), table.insert('b', 2)), (0, 1));
        assert_eq!(table.remove(0), Some(1));
        assert_eq!(table.remove(0), None, "the second time");
        assert_eq!(table.place_of('a'), None);
        assert_eq!(table.next_place(), 0);
        assert_eq!(table.insert('c', 3), 0);
        assert_eq!(table.insert('d', 4), 2);
        assert_eq!(table.of('b'), Some(&mut 2));
        assert_eq!((table.len(), table.places()), (3, vec![0, 1, 2]));
    }
}
