//! The entries of `[validation.target-prevalence]`: shares of classes, or what tells strata apart.
//!
//! A class may be called as a key is. Its share is a number, and no key has one, so the two cannot be mistaken.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::strata::{RawStrataFile, RawStrataSource};

/// For each stratum its numbers by name.
pub(super) type ByStratum = BTreeMap<String, BTreeMap<String, f64>>;

/// What stands under a key: the share of a class of that name, or what the key is for.
pub(super) enum Entry<T> {
    Share(f64),
    Own(T),
}

impl<T> Entry<T> {
    /// The share, or nothing where this is what the key is for, which goes to `own`.
    pub(super) fn or_into(self, own: &mut Option<T>) -> Option<f64> {
        match self {
            Self::Share(share) => Some(share),
            Self::Own(value) => {
                *own = Some(value);
                None
            }
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entry<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor(PhantomData))
    }
}

struct EntryVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntryVisitor<T> {
    type Value = Entry<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("what tells strata apart, or the share of a class of that name")
    }

    fn visit_f64<E: de::Error>(self, share: f64) -> Result<Entry<T>, E> {
        Ok(Entry::Share(share))
    }

    fn visit_i64<E: de::Error>(self, share: i64) -> Result<Entry<T>, E> {
        Ok(Entry::Share(share as f64))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Entry<T>, E> {
        T::deserialize(StrDeserializer::new(text)).map(Entry::Own)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Entry<T>, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Entry::Own)
    }
}

impl<'de> Deserialize<'de> for RawStrataSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = RawStrataSource;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`group`, or a table with `file` and `column`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RawStrataSource, E> {
        Ok(RawStrataSource::Attribute(text.to_owned()))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<RawStrataSource, M::Error> {
        RawStrataFile::deserialize(MapAccessDeserializer::new(map)).map(RawStrataSource::File)
    }
}

/// The share of the class of that name.
pub(super) struct ShareOf<'a>(pub(super) &'a str);

impl<'de> DeserializeSeed<'de> for ShareOf<'_> {
    type Value = f64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<f64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for ShareOf<'_> {
    type Value = f64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the share of class `{}`, a number; strata are told apart by the keys `strata`, `by-stratum` and `table`",
            self.0
        )
    }

    fn visit_f64<E: de::Error>(self, share: f64) -> Result<f64, E> {
        Ok(share)
    }

    fn visit_i64<E: de::Error>(self, share: i64) -> Result<f64, E> {
        // No whole number is a share, which the check says better.
        Ok(share as f64)
    }
}
