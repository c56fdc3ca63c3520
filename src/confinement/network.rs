//! The network, other processes and the kernel: denied by seccomp; the network also by a namespace without any.

use std::collections::BTreeMap;

use rustix::thread::UnshareFlags;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use super::{Bounds, Measure, Network, Taken};

/// Moves this process to a network of its own, in which there is nothing. Takes a privilege that few processes have.
pub(super) fn leave() -> std::io::Result<()> {
    #[expect(
        deprecated,
        reason = "only unsharing the table of files can be unsound; this unshares the network"
    )]
    let left = rustix::thread::unshare(UnshareFlags::NEWNET);
    Ok(left?)
}

/// Denies sockets beyond the bounds, and what reaches into other processes or the kernel. `left`: whether the process
/// has a network namespace of its own.
pub(super) fn deny(bounds: &Bounds, left: bool) -> [Measure; 2] {
    let also = match (bounds.network, left) {
        (Network::Deny, true) => ", and a network namespace without a network",
        (Network::Deny, false) => "; a network namespace of its own was not permitted",
        _ => "",
    };
    let network = match apply(sockets(bounds.network), libc::EAFNOSUPPORT) {
        Ok(()) => Measure::new("network", Taken::Yes, format!("{}, by seccomp{also}", bounds.network)),
        Err(error) if left => Measure::new(
            "network",
            Taken::Yes,
            format!("a network namespace without a network; no seccomp: {error}"),
        ),
        Err(error) => Measure::new("network", Taken::No, format!("not denied: {error}")),
    };
    let reach = apply(Ok(reaching_out(bounds.programs)), libc::EPERM);
    let programs = if bounds.programs { "" } else { "; starts no program" };
    let processes = match reach {
        Ok(()) => Measure::new(
            "processes",
            Taken::Yes,
            format!("cannot trace or read others, mount, load into the kernel or use io_uring{programs}"),
        ),
        Err(error) => Measure::new("processes", Taken::No, format!("not limited: {error}")),
    };
    [network, processes]
}

/// System calls, and when each is denied: by any of its rules, or always if it has none.
type Denied = BTreeMap<i64, Vec<SeccompRule>>;

/// The sockets that are denied.
fn sockets(network: Network) -> Result<Denied, seccompiler::BackendError> {
    let rules = match network {
        Network::Deny => Vec::new(),
        Network::Unix => other_families(&[libc::AF_UNIX, libc::AF_NETLINK])?,
        Network::Peer(peer) => {
            let family = if peer.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
            let mut rules = other_families(&[libc::AF_UNIX, libc::AF_NETLINK, family])?;
            // Of the peer's family nothing but TCP: not a type of another, not another protocol with TCP's type.
            for kind in [
                libc::SOCK_DGRAM,
                libc::SOCK_RAW,
                libc::SOCK_RDM,
                libc::SOCK_SEQPACKET,
                SOCK_DCCP,
                SOCK_PACKET,
            ] {
                rules.push(SeccompRule::new(vec![
                    argument(0, SeccompCmpOp::Eq, family)?,
                    argument(1, SeccompCmpOp::MaskedEq(0xf), kind)?,
                ])?);
            }
            rules.push(SeccompRule::new(vec![
                argument(0, SeccompCmpOp::Eq, family)?,
                argument(2, SeccompCmpOp::Ne, 0)?,
                argument(2, SeccompCmpOp::Ne, libc::IPPROTO_TCP)?,
            ])?);
            rules
        }
    };
    Ok(on_every_interface([(libc::SYS_socket, rules)]))
}

/// Denies every family but these; of netlink, everything but the news of devices.
fn other_families(allowed: &[i32]) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let others =
        allowed.iter().map(|family| argument(0, SeccompCmpOp::Ne, *family)).collect::<Result<_, _>>()?;
    let netlink = vec![
        argument(0, SeccompCmpOp::Eq, libc::AF_NETLINK)?,
        argument(2, SeccompCmpOp::Ne, libc::NETLINK_KOBJECT_UEVENT)?,
    ];
    Ok(vec![SeccompRule::new(others)?, SeccompRule::new(netlink)?])
}

fn argument(place: u8, is: SeccompCmpOp, value: i32) -> Result<SeccompCondition, seccompiler::BackendError> {
    // All these numbers are small and positive.
    SeccompCondition::new(place, SeccompCmpArgLen::Dword, is, u64::from(value.unsigned_abs()))
}

/// What reaches into other processes or the kernel: always denied.
fn reaching_out(programs: bool) -> Denied {
    let always = |number: &i64| (*number, Vec::new());
    let started = if programs { &[][..] } else { PROGRAMS };
    on_every_interface(REACHING_OUT.iter().chain(started).map(always))
}

/// The same calls by the numbers of x32, which runs beside the usual interface on x86-64 and would pass any filter.
fn on_every_interface(denied: impl IntoIterator<Item = (i64, Vec<SeccompRule>)>) -> Denied {
    let mut all = Denied::new();
    for (number, rules) in denied {
        if cfg!(target_arch = "x86_64") {
            let other =
                X32_NUMBERS.iter().find(|(usual, _)| *usual == number).map_or(number, |(_, other)| *other);
            all.insert(X32 | other, rules.clone());
        }
        all.insert(number, rules);
    }
    all
}

/// Puts a filter in force for this thread and all that it starts. The other interface of 32 bits ends the process.
fn apply(denied: Result<Denied, seccompiler::BackendError>, error: i32) -> Result<(), seccompiler::Error> {
    let refusal = SeccompAction::Errno(error.unsigned_abs());
    let architecture: TargetArch = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(denied?, SeccompAction::Allow, refusal, architecture)?;
    let program = BpfProgram::try_from(filter)?;
    seccompiler::apply_filter(&program)
}

/// Tracing and reading other processes, taking their files, other namespaces, mounting, loading into the kernel; and
/// io_uring, whose sockets no filter sees.
const REACHING_OUT: &[i64] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_open_tree,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_swapon,
    libc::SYS_reboot,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// Starting programs.
const PROGRAMS: &[i64] = &[libc::SYS_execve, libc::SYS_execveat];

/// The bit that marks a call by the x32 interface.
const X32: i64 = 0x4000_0000;

/// Calls that have a number of their own there. Source: arch/x86/entry/syscalls/syscall_64.tbl of Linux.
const X32_NUMBERS: [(i64, i64); 6] = [
    (libc::SYS_execve, 520),
    (libc::SYS_ptrace, 521),
    (libc::SYS_kexec_load, 528),
    (libc::SYS_process_vm_readv, 539),
    (libc::SYS_process_vm_writev, 540),
    (libc::SYS_execveat, 545),
];

/// Datagrams with congestion control, and packets as they come; libc has no name for the one and calls the other old.
const SOCK_DCCP: i32 = 6;
const SOCK_PACKET: i32 = 10;
