//! A SEQUENCE OF, read item by item as often as one likes, never copied.

use std::fmt;
use std::marker::PhantomData;

use super::der::{Cursor, Element, FaultKind, Faults, ReadError};

/// What can be an item of a [`List`].
pub trait Item<'a>: Sized {
    /// Reads one from the front.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if what is there is no such item.
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError>;
}

/// The items of a SEQUENCE OF that was read through once.
#[derive(Clone, Copy)]
pub struct List<'a, T> {
    items: Cursor<'a>,
    item: PhantomData<T>,
}

impl<'a, T: Item<'a>> List<'a, T> {
    /// Reads every item of `element` once. None at all is noted as a fault: everywhere we read, one is the least.
    ///
    /// # Errors
    ///
    /// The first item's that cannot be read.
    pub fn read(element: &Element<'a>, what: &'static str, faults: &mut Faults) -> Result<Self, ReadError> {
        let items = element.inside();
        if items.is_empty() {
            faults.note(element.offset(), what, FaultKind::Empty);
        }
        let mut rest = items;
        while !rest.is_empty() {
            T::read(&mut rest, faults)?;
        }
        Ok(Self { items, item: PhantomData })
    }

    /// The items of an element whose octets were read once elsewhere, and were good.
    pub(super) const fn again(element: &Element<'a>) -> Self {
        Self { items: element.inside(), item: PhantomData }
    }

    /// The items in their order.
    pub const fn iter(&self) -> Items<'a, T> {
        Items { rest: self.items, item: PhantomData, faults: Faults::new() }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<'a, T: Item<'a>> IntoIterator for &List<'a, T> {
    type Item = T;
    type IntoIter = Items<'a, T>;

    fn into_iter(self) -> Items<'a, T> {
        self.iter()
    }
}

impl<'a, T: Item<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The items of a [`List`], one after another.
#[derive(Clone)]
pub struct Items<'a, T> {
    rest: Cursor<'a>,
    item: PhantomData<T>,
    faults: Faults,
}

impl<T> Items<'_, T> {
    /// No items.
    pub(super) const fn none() -> Self {
        Self { rest: Cursor::new(&[]), item: PhantomData, faults: Faults::new() }
    }
}

impl<'a, T: Item<'a>> Iterator for Items<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.rest.is_empty() {
            return None;
        }
        // It was read once already.
        T::read(&mut self.rest, &mut self.faults).ok()
    }
}
