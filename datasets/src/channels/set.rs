//! Which channels a collection has, and which its bands do not allow.

use std::fmt;

use super::Channel;
use crate::pixel::{Band, PixelDefinition};

/// A channel that cannot be computed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The channel.
    pub channel: Channel,
    /// The bands that it needs and the collection does not have.
    pub missing: Vec<Band>,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing: Vec<&str> = self.missing.iter().map(|band| band.name()).collect();
        write!(formatter, "{} (needs {})", self.channel, missing.join(", "))
    }
}

/// The channels of a collection, in canonical order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSet {
    channels: Vec<Channel>,
    left_out: Vec<LeftOut>,
}

impl ChannelSet {
    /// The channels that the bands of `pixel` allow.
    pub fn of(pixel: &PixelDefinition) -> Self {
        let (mut channels, mut left_out) = (Vec::new(), Vec::new());
        for channel in Channel::ALL {
            let needed = channel.bands().iter().copied();
            let missing: Vec<Band> = needed.filter(|&band| !pixel.bands.contains(band)).collect();
            if missing.is_empty() {
                channels.push(channel);
            } else {
                left_out.push(LeftOut { channel, missing });
            }
        }
        Self { channels, left_out }
    }

    /// How many channels there are; never zero, since every band is one.
    #[expect(clippy::len_without_is_empty, reason = "a channel set is never empty")]
    pub fn len(&self) -> usize {
        self.channels.len()
    }

    /// The channels, in order.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// The channels that a missing band forbids, in order.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Where `channel` lies in the tensors of this collection.
    pub fn position(&self, channel: Channel) -> Option<usize> {
        self.channels.iter().position(|&own| own == channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel::{BandSet, Product};

    fn set_of(bands: &[Band]) -> ChannelSet {
        let mut pixel = PixelDefinition::of_product(Product::C1);
        pixel.bands = BandSet::new(bands.iter().copied()).unwrap();
        ChannelSet::of(&pixel)
    }

    #[test]
    fn six_bands_allow_all_channels() {
        let set = set_of(&Band::ALL);
        assert_eq!(set.channels(), Channel::ALL);
        assert!(set.left_out().is_empty());
    }

    #[test]
    fn three_visible_bands_allow_themselves_and_the_rest_is_explained() {
        let set = set_of(&[Band::Blue, Band::Green, Band::Red]);
        assert_eq!(set.channels(), [Channel::Blue, Channel::Green, Channel::Red]);
        assert_eq!(set.len() + set.left_out().len(), 27);
        let ibi = set.left_out().iter().find(|left| left.channel == Channel::Ibi).unwrap();
        assert_eq!(ibi.to_string(), "ibi (needs nir, swir1)");
    }

    #[test]
    fn red_and_near_infrared_allow_their_two_indexes() {
        let set = set_of(&[Band::Nir, Band::Red]);
        assert_eq!(set.channels(), [Channel::Red, Channel::Nir, Channel::Sr, Channel::Ndvi]);
        assert_eq!(set.position(Channel::Ndvi), Some(3));
        assert_eq!(set.position(Channel::Evi), None);
    }
}
