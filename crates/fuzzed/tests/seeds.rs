//! The seeds of every fuzz target, and what is near them: a fuzzer without its sense of direction,
//! but one that runs with every test.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use fuzzed::TARGETS;
use proptest::{prelude::*, sample::Index};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The file names in a folder, without their endings.
fn stems(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|e| e.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder().join("seeds").join(target)).unwrap();
    entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

/// One small harm.
#[derive(Debug, Clone)]
enum Harm {
    Cut(Index),
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// A part, once more elsewhere.
    Repeat(Index, usize, Index),
}

impl Harm {
    fn any() -> impl Strategy<Value = Self> {
        let byte =
            prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\n\r\0\x1b= 0-".to_vec())];
        prop_oneof![
            any::<Index>().prop_map(Self::Cut),
            (any::<Index>(), byte.clone()).prop_map(|(at, byte)| Self::Set(at, byte)),
            (any::<Index>(), prop::collection::vec(byte, 1..8))
                .prop_map(|(at, b)| Self::Insert(at, b)),
            (any::<Index>(), 1..40_usize).prop_map(|(at, count)| Self::Remove(at, count)),
            (any::<Index>(), 1..80_usize, any::<Index>())
                .prop_map(|(from, count, to)| Self::Repeat(from, count, to)),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: &Index| at.index(bytes.len() + 1);
        let end = |start: usize, count: usize| (start + count).min(bytes.len());
        match self {
            Self::Cut(at) => bytes.truncate(place(at)),
            Self::Set(at, byte) => {
                let at = place(at);
                bytes.splice(at..end(at, 1), [*byte]);
            }
            Self::Insert(at, new) => {
                let at = place(at);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = place(at);
                bytes.drain(at..end(at, *count));
            }
            Self::Repeat(from, count, to) => {
                let (from, to) = (place(from), place(to));
                let part = bytes[from..end(from, *count)].to_vec();
                bytes.splice(to..to, part);
            }
        }
    }
}

#[test]
fn every_target_has_a_program_and_seeds() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(stems(&folder().join("targets")), names);
    assert_eq!(stems(&folder().join("seeds")), names);
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "`{name}` has no seeds");
        seeds.iter().for_each(|seed| target(seed));
    }
}

proptest! {
    #[test]
    fn what_is_near_a_seed_breaks_no_promise(
        target in prop::sample::select(TARGETS.to_vec()),
        seed in any::<Index>(),
        harms in prop::collection::vec(Harm::any(), 1..6),
    ) {
        let seeds = seeds(target.0);
        let mut input = seed.get(&seeds).clone();
        harms.iter().for_each(|harm| harm.apply(&mut input));
        (target.1)(&input);
    }
}
