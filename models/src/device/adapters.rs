//! Graphics processors, and software that plays one, as wgpu sees them.

use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use burn::tensor::DeviceKind;

use super::choice::DeviceChoice;
use super::found::FoundDevice;

/// One adapter.
#[derive(Debug, Clone, PartialEq)]
struct Adapter {
    name: String,
    api: wgpu::Backend,
    driver: String,
    sort: wgpu::DeviceType,
    /// Bytes of the largest buffer that a kernel can see.
    largest_buffer: u64,
}

/// The interfaces in the order in which burn tries them.
const INTERFACES: &[wgpu::Backend] = if cfg!(target_os = "macos") {
    &[wgpu::Backend::Metal]
} else {
    &[wgpu::Backend::Vulkan, wgpu::Backend::Dx12, wgpu::Backend::Gl]
};

/// All adapters of the interface that burn settles on: the first with a graphics processor, or else the first with
/// anything. They are looked for once: the Vulkan loader must not be asked by several threads.
fn adapters() -> &'static [Adapter] {
    static ADAPTERS: OnceLock<Vec<Adapter>> = OnceLock::new();
    ADAPTERS.get_or_init(|| {
        let mut software = Vec::new();
        for &api in INTERFACES {
            let found = adapters_of(api);
            if found.iter().any(|adapter| adapter.sort != wgpu::DeviceType::Cpu) {
                return found;
            }
            if software.is_empty() {
                software = found;
            }
        }
        software
    })
}

fn adapters_of(api: wgpu::Backend) -> Vec<Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: api.into(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let found = pin!(instance.enumerate_adapters(api.into()));
    // Outside of browsers the answer is there at once.
    let Poll::Ready(found) = found.poll(&mut Context::from_waker(Waker::noop())) else {
        return Vec::new();
    };
    let described = found.iter().map(|adapter| {
        let (info, limits) = (adapter.get_info(), adapter.limits());
        let driver = [info.driver, info.driver_info].join(" ").trim().to_owned();
        Adapter {
            name: info.name,
            api,
            driver,
            sort: info.device_type,
            largest_buffer: limits.max_storage_buffer_binding_size.min(limits.max_buffer_size),
        }
    });
    described.collect()
}

/// What burn calls each adapter: every sort of graphics processor counts from zero.
fn kinds(adapters: &[Adapter]) -> Vec<Option<DeviceKind>> {
    let mut next = [0; 3];
    let mut count = |sort: usize| {
        next[sort] += 1;
        next[sort] - 1
    };
    let kind = |adapter: &Adapter| match adapter.sort {
        wgpu::DeviceType::DiscreteGpu => Some(DeviceKind::DiscreteGpu(count(0))),
        wgpu::DeviceType::IntegratedGpu => Some(DeviceKind::IntegratedGpu(count(1))),
        wgpu::DeviceType::VirtualGpu => Some(DeviceKind::VirtualGpu(count(2))),
        wgpu::DeviceType::Cpu => Some(DeviceKind::Cpu),
        wgpu::DeviceType::Other => None,
    };
    adapters.iter().map(kind).collect()
}

/// The graphics processors in the order of their names `wgpu:0`, `wgpu:1`, …: discrete ones first, then integrated,
/// then virtual ones; and the first software renderer.
fn named(adapters: &[Adapter]) -> (Vec<(&Adapter, DeviceKind)>, Option<&Adapter>) {
    let sort = |kind: &DeviceKind| match kind {
        DeviceKind::DiscreteGpu(_) => 0,
        DeviceKind::IntegratedGpu(_) => 1,
        _ => 2,
    };
    let all = adapters.iter().zip(kinds(adapters));
    let mut hardware: Vec<(&Adapter, DeviceKind)> = all
        .filter_map(|(adapter, kind)| Some((adapter, kind?)))
        .filter(|(_, kind)| !matches!(kind, DeviceKind::Cpu))
        .collect();
    hardware.sort_by_key(|(_, kind)| sort(kind));
    (hardware, adapters.iter().find(|adapter| adapter.sort == wgpu::DeviceType::Cpu))
}

/// What burn calls the device that the user calls `choice`; `None` where there is none.
pub(super) fn kind_of(choice: DeviceChoice) -> Option<DeviceKind> {
    let (hardware, software) = named(adapters());
    match choice {
        DeviceChoice::Wgpu(index) => hardware.get(index.unwrap_or(0)).map(|(_, kind)| kind.clone()),
        DeviceChoice::WgpuSoftware => {
            software.filter(|_| !cfg!(feature = "vulkan")).map(|_| DeviceKind::Cpu)
        }
        DeviceChoice::Vulkan(index) => hardware
            .get(index.unwrap_or(0))
            .filter(|(adapter, _)| adapter.api == wgpu::Backend::Vulkan)
            .map(|(_, kind)| kind.clone()),
        _ => None,
    }
}

/// The devices of this machine that wgpu reaches.
pub(super) fn found() -> Vec<FoundDevice> {
    let (hardware, software) = named(adapters());
    let mut found = Vec::new();
    for (index, (adapter, _)) in hardware.iter().enumerate() {
        found.push(adapter.found(DeviceChoice::Wgpu(Some(index)), cfg!(feature = "vulkan")));
    }
    // Compilers of software renderers crash on the SPIR-V that a build with `vulkan` hands them.
    if let Some(adapter) = software.filter(|_| !cfg!(feature = "vulkan")) {
        found.push(adapter.found(DeviceChoice::WgpuSoftware, false));
    }
    if cfg!(feature = "vulkan") {
        let vulkan = hardware.iter().filter(|(adapter, _)| adapter.api == wgpu::Backend::Vulkan);
        for (index, (adapter, _)) in vulkan.enumerate() {
            found.push(adapter.found(DeviceChoice::Vulkan(Some(index)), true));
        }
    }
    found
}

impl Adapter {
    fn found(&self, choice: DeviceChoice, spirv: bool) -> FoundDevice {
        let language = if spirv && self.api == wgpu::Backend::Vulkan { "SPIR-V" } else { "WGSL" };
        let mut through = format!("{:?}, {language}", self.api);
        if !self.driver.is_empty() {
            through.push_str(&format!(", {}", self.driver));
        }
        let largest_buffer = Some(self.largest_buffer);
        FoundDevice { choice, name: self.name.clone(), through, largest_buffer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(name: &str, sort: wgpu::DeviceType) -> Adapter {
        let (name, driver) = (name.to_owned(), String::new());
        Adapter { name, api: wgpu::Backend::Vulkan, driver, sort, largest_buffer: 1 << 27 }
    }

    #[test]
    fn the_best_comes_first_and_software_is_no_graphics_processor() {
        let adapters = [
            adapter("software", wgpu::DeviceType::Cpu),
            adapter("in the processor", wgpu::DeviceType::IntegratedGpu),
            adapter("card one", wgpu::DeviceType::DiscreteGpu),
            adapter("card two", wgpu::DeviceType::DiscreteGpu),
        ];
        let (hardware, software) = named(&adapters);
        let names: Vec<&str> = hardware.iter().map(|(adapter, _)| &*adapter.name).collect();
        assert_eq!(names, ["card one", "card two", "in the processor"]);
        assert!(matches!(hardware[1].1, DeviceKind::DiscreteGpu(1)));
        assert!(matches!(hardware[2].1, DeviceKind::IntegratedGpu(0)));
        assert_eq!(software.map(|adapter| &*adapter.name), Some("software"));
    }

    #[test]
    fn without_a_graphics_processor_none_is_taken_unless_it_is_named() {
        let adapters = [adapter("software", wgpu::DeviceType::Cpu)];
        let (hardware, software) = named(&adapters);
        assert!(hardware.is_empty() && software.is_some());
    }
}
