//! `tesela devices`: what networks can compute on here, and whether it computes right.

use tesela_models::device::{DeviceChoice, FoundDevice, found};
use tesela_models::parity::{Deviation, PARITY_LIMIT, Parity, check_device};

use super::{Console, ExitStatus};
use crate::progress::Progress;
use crate::report::plain_table;

/// List what networks can compute on here, or check a device against the processor
///
/// A software renderer is used only where it is named.
#[derive(Debug, clap::Args)]
pub(crate) struct DevicesArgs {
    /// Compare logits, loss and every gradient of each network with those of the processor; exit with 1 where they
    /// differ by more than 0.001
    #[arg(long)]
    check: bool,

    /// Check this device alone [default: all that are listed]
    #[arg(long, value_name = "DEVICE", requires = "check")]
    device: Option<DeviceChoice>,
}

pub(crate) fn run(args: &DevicesArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    if !args.check {
        console.data(list(&found()))?;
        return Ok(ExitStatus::Success);
    }
    let all = || found().into_iter().map(|device| device.choice).collect();
    let devices: Vec<DeviceChoice> = args.device.map_or_else(all, |device| vec![device]);
    let mut rows = Vec::new();
    for device in devices {
        console.start(&format!("checking {device}"), None, "networks");
        let found = check_device(device, &mut || console.advance(1))?;
        rows.extend(found.into_iter().map(|parity| (device, parity)));
        console.finish("");
    }
    console.data(deviations(&rows))?;
    let wrong: Vec<_> = rows.iter().filter(|(_, parity)| !parity.is_kept()).collect();
    for (device, parity) in &wrong {
        let Some(worst) = parity.worst() else { continue };
        console.warn(&format!(
            "{} on `{device}`: {} differs by {:.1e} of its largest number; expected at most {PARITY_LIMIT}",
            parity.network, worst.quantity, worst.largest
        ));
    }
    Ok(if wrong.is_empty() { ExitStatus::Success } else { ExitStatus::No })
}

fn list(found: &[FoundDevice]) -> impl std::fmt::Display {
    let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
    let row = |device: &FoundDevice| {
        [
            device.choice.to_string(),
            device.name.clone(),
            device.through.clone(),
            device.largest_buffer.map_or_else(|| "–".to_owned(), mebibytes),
        ]
    };
    plain_table(["device", "name", "through", "largest buffer"], found.iter().map(row).collect())
}

/// For each network the deviations of planes, logits and loss, and the largest of all gradients.
fn deviations(rows: &[(DeviceChoice, Parity)]) -> impl std::fmt::Display {
    let row = |(device, parity): &(DeviceChoice, Parity)| {
        let number = |deviation: Option<&Deviation>| {
            deviation.map_or_else(|| "–".to_owned(), |own| format!("{:.1e}", own.largest))
        };
        let worst = parity.worst_gradient();
        [
            device.to_string(),
            parity.network.clone(),
            parity.patches.to_string(),
            number(parity.of("planes")),
            number(parity.of("logits")),
            number(parity.of("loss")),
            number(worst),
            worst.map(|worst| worst.quantity.clone()).unwrap_or_default(),
        ]
    };
    plain_table(
        ["device", "network", "patches", "planes", "logits", "loss", "gradients", "worst gradient"],
        rows.iter().map(row).collect(),
    )
}
