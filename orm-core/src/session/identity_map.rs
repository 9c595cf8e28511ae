//! The identity map: which slot has the object of a model's key.
//!
//! It holds numbers of slots and a part of each hash; the keys stand in the slots alone. So it is an eighth of what a map
//! with keys is, and stays in the processor's cache when a session reads ten thousand rows.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::identity::Key;
use super::objects::Slot;
use crate::mapper::Mapper;

#[derive(Default)]
pub(super) struct IdentityMap {
    table: HashTable<Entry>,
    hasher: foldhash::fast::RandomState,
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u32,
    slot: u32,
}

impl Entry {
    /// The table finds a place by the low bits, and compares the high ones.
    fn spread(hash: u32) -> u64 {
        u64::from(hash) << 32 | u64::from(hash)
    }

    fn is(self, hash: u32, slots: &[Slot], mapper: &Mapper, key: &Key) -> bool {
        let slot = || &slots[self.slot as usize];
        self.hash == hash && slot().key.as_ref() == Some(key) && slot().mapper.is(mapper)
    }
}

impl IdentityMap {
    /// Returns what the map is asked by for a key.
    pub(super) fn hash(&self, mapper: &Mapper, key: &Key) -> u32 {
        self.hasher.hash_one((mapper.id(), key)) as u32
    }

    pub(super) fn get(&self, slots: &[Slot], mapper: &Mapper, key: &Key) -> Option<u32> {
        self.get_hashed(self.hash(mapper, key), slots, mapper, key)
    }

    /// The same, by the hash of the key.
    pub(super) fn get_hashed(&self, hash: u32, slots: &[Slot], mapper: &Mapper, key: &Key) -> Option<u32> {
        self.table.find(Entry::spread(hash), |entry| entry.is(hash, slots, mapper, key)).map(|entry| entry.slot)
    }

    /// Puts in a slot whose key the map has not got.
    pub(super) fn insert_new(&mut self, hash: u32, slot: u32) {
        self.table.insert_unique(Entry::spread(hash), Entry { hash, slot }, |entry| Entry::spread(entry.hash));
    }

    /// Gives a key to a slot, whichever had it; returns that.
    pub(super) fn insert(&mut self, slots: &[Slot], mapper: &Mapper, key: &Key, slot: u32) -> Option<u32> {
        let hash = self.hash(mapper, key);
        match self.table.find_mut(Entry::spread(hash), |entry| entry.is(hash, slots, mapper, key)) {
            Some(entry) => Some(std::mem::replace(&mut entry.slot, slot)),
            None => {
                self.insert_new(hash, slot);
                None
            }
        }
    }

    /// Takes a slot out, if it is the one that has its key.
    pub(super) fn remove(&mut self, slots: &[Slot], slot: u32) {
        let Slot { mapper, key: Some(key), .. } = &slots[slot as usize] else { return };
        let hash = self.hash(mapper, key);
        if let Ok(entry) = self.table.find_entry(Entry::spread(hash), |entry| entry.hash == hash && entry.slot == slot)
        {
            entry.remove();
        }
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, count: usize) {
        self.table.reserve(count, |entry| Entry::spread(entry.hash));
    }

    pub(super) fn clear(&mut self) {
        self.table.clear();
    }

    pub(super) fn capacity(&self) -> usize {
        self.table.capacity()
    }
}
