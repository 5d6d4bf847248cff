//! UDP: one plain socket per customer leg, one shared socket for all lines that is read and written in batches.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;

use mio::net::UdpSocket;
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type};

/// Room for one datagram. Ours are far smaller; larger ones from outside are cut and then refused as forged.
pub(crate) const DATAGRAM: usize = 1_600;
/// How many datagrams go through the shared port in one system call.
const BATCH: usize = 64;
/// The shared port takes what a thousand browsers send while the thread does something else.
const SHARED_BUFFER: usize = 4 * 1024 * 1024;

/// Binds a customer leg's port.
pub(crate) fn bind(ip: IpAddr, port: u16) -> io::Result<UdpSocket> {
    Ok(UdpSocket::from_std(open(ip, port, None)?.into()))
}

/// Binds the shared port.
pub(crate) fn bind_shared(ip: IpAddr, port: u16) -> io::Result<UdpSocket> {
    Ok(UdpSocket::from_std(open(ip, port, Some(SHARED_BUFFER))?.into()))
}

fn open(ip: IpAddr, port: u16, buffer: Option<usize>) -> io::Result<Socket> {
    let socket =
        Socket::new(Domain::for_address(SocketAddr::new(ip, port)), Type::DGRAM, Some(Protocol::UDP))?;
    if ip.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    if let Some(bytes) = buffer {
        // The kernel cuts this to its own limit; a smaller buffer is no reason not to start.
        let _ = socket.set_recv_buffer_size(bytes);
        let _ = socket.set_send_buffer_size(bytes);
    }
    do_not_fragment(&socket, ip.is_ipv6());
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::new(ip, port).into())?;
    Ok(socket)
}

/// With "do not fragment" set, the kernel needs no packet id for each packet (5 % of a forwarder's time). Our largest
/// datagram is a DTLS record of 1,150 bytes.
#[expect(unsafe_code, reason = "IP_MTU_DISCOVER has no safe wrapper")]
fn do_not_fragment(socket: &Socket, v6: bool) {
    let (level, option, value) = if v6 {
        (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE)
    } else {
        (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE)
    };
    // SAFETY: the descriptor is open, the option takes a c_int, and its address and size are those of `value`.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result != 0 {
        tracing::debug!(error = %io::Error::last_os_error(), "IP_MTU_DISCOVER");
    }
}

/// An address as the rest of the program knows it: never IPv4 inside IPv6.
pub(crate) fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The address as a socket of this family wants it.
pub(crate) fn wire(address: SocketAddr, socket_is_v6: bool) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if socket_is_v6 => {
            SocketAddr::V6(SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0))
        }
        SocketAddr::V4(_) | SocketAddr::V6(_) => address,
    }
}

/// What browsers are told. Where only loopback is advertised (a first try on one machine), this machine's own address
/// is added: browsers gather no loopback candidates, and from their others they do not reach 127.0.0.1 (Chromium 156).
pub(crate) fn for_browsers(advertise: &[IpAddr]) -> Vec<IpAddr> {
    let mut addresses = advertise.to_vec();
    if advertise.iter().all(IpAddr::is_loopback) {
        addresses.extend(own_address());
    }
    addresses
}

/// The address this machine uses towards the outside. "Connecting" a UDP socket sends nothing.
fn own_address() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address of a documentation network (RFC 5737): only the route counts.
    socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback() && !own.is_unspecified()).then_some(own)
}

/// Datagrams that came in together.
pub(crate) struct Received {
    bufs: Box<[[u8; DATAGRAM]]>,
    lens: [usize; BATCH],
    from: [Option<SocketAddr>; BATCH],
    count: usize,
}

impl Received {
    pub(crate) fn new() -> Self {
        Self { bufs: boxed_buffers(), lens: [0; BATCH], from: [None; BATCH], count: 0 }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// One of them, to be worked on in place.
    pub(crate) fn datagram(&mut self, at: usize) -> Option<(SocketAddr, &mut [u8])> {
        let from = self.from[at]?;
        let len = self.lens[at];
        Some((from, &mut self.bufs[at][..len]))
    }

    /// Reads what is there, up to a batch. False: nothing is left.
    #[expect(unsafe_code, reason = "recvmmsg has no safe wrapper")]
    pub(crate) fn fill(&mut self, socket: &UdpSocket) -> io::Result<bool> {
        self.count = 0;
        let mut names: [MaybeUninit<libc::sockaddr_storage>; BATCH] =
            [const { MaybeUninit::uninit() }; BATCH];
        let mut parts: [MaybeUninit<libc::iovec>; BATCH] = [const { MaybeUninit::uninit() }; BATCH];
        let mut messages: [MaybeUninit<libc::mmsghdr>; BATCH] = [const { MaybeUninit::zeroed() }; BATCH];
        for at in 0..BATCH {
            let part = parts[at]
                .write(libc::iovec { iov_base: self.bufs[at].as_mut_ptr().cast(), iov_len: DATAGRAM });
            // SAFETY: all-zero bytes are a valid mmsghdr (integers and null pointers).
            let message = unsafe { messages[at].assume_init_mut() };
            message.msg_hdr.msg_name = names[at].as_mut_ptr().cast();
            message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            message.msg_hdr.msg_iov = part;
            message.msg_hdr.msg_iovlen = 1;
        }
        let count = socket.try_io(|| {
            // SAFETY: the descriptor is open; all BATCH headers were written above, and the buffers, parts and names
            // they point to live until the end of this function and are not touched meanwhile.
            let count = unsafe {
                libc::recvmmsg(
                    socket.as_raw_fd(),
                    messages.as_mut_ptr().cast(),
                    BATCH as libc::c_uint,
                    libc::MSG_DONTWAIT,
                    std::ptr::null_mut(),
                )
            };
            usize::try_from(count).map_err(|_| io::Error::last_os_error())
        });
        let count = match count {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        for at in 0..count {
            // SAFETY: as above, every header was written.
            let message = unsafe { messages[at].assume_init_ref() };
            let len = message.msg_hdr.msg_namelen;
            let mut storage = SockAddrStorage::zeroed();
            if len as usize <= size_of::<libc::sockaddr_storage>() {
                // SAFETY: the kernel wrote `len` bytes of address into `names[at]`; the target is as large.
                unsafe {
                    std::ptr::copy_nonoverlapping(
                        names[at].as_ptr().cast::<u8>(),
                        (&raw mut storage).cast::<u8>(),
                        len as usize,
                    );
                }
            }
            // SAFETY: `storage` holds the address the kernel wrote, or zeroes, which are no family.
            let address = unsafe { SockAddr::new(storage, len) };
            self.from[at] = address.as_socket().map(plain);
            self.lens[at] = (message.msg_len as usize).min(DATAGRAM);
        }
        self.count = count;
        Ok(count == BATCH)
    }
}

/// Datagrams that go out together.
pub(crate) struct Outgoing {
    bufs: Box<[[u8; DATAGRAM]]>,
    lens: [usize; BATCH],
    to: Vec<SockAddr>,
    socket_is_v6: bool,
    /// Datagrams the kernel did not take.
    pub(crate) dropped: u64,
}

impl Outgoing {
    pub(crate) fn new(socket_is_v6: bool) -> Self {
        let to = Vec::with_capacity(BATCH);
        Self { bufs: boxed_buffers(), lens: [0; BATCH], to, socket_is_v6, dropped: 0 }
    }

    /// Adds what `write` writes; sends the batch first when it is full.
    pub(crate) fn push(
        &mut self,
        socket: &UdpSocket,
        to: SocketAddr,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) {
        if self.to.len() == BATCH {
            self.flush(socket);
        }
        let at = self.to.len();
        if let Some(len) = write(&mut self.bufs[at]) {
            self.lens[at] = len;
            self.to.push(wire(to, self.socket_is_v6).into());
        }
    }

    /// Sends all. What the kernel does not take is lost, as UDP may be.
    #[expect(unsafe_code, reason = "sendmmsg has no safe wrapper")]
    pub(crate) fn flush(&mut self, socket: &UdpSocket) {
        let count = self.to.len();
        if count == 0 {
            return;
        }
        let mut parts: [MaybeUninit<libc::iovec>; BATCH] = [const { MaybeUninit::uninit() }; BATCH];
        let mut messages: [MaybeUninit<libc::mmsghdr>; BATCH] = [const { MaybeUninit::zeroed() }; BATCH];
        for at in 0..count {
            let part = parts[at]
                .write(libc::iovec { iov_base: self.bufs[at].as_mut_ptr().cast(), iov_len: self.lens[at] });
            // SAFETY: all-zero bytes are a valid mmsghdr (integers and null pointers).
            let message = unsafe { messages[at].assume_init_mut() };
            message.msg_hdr.msg_name = self.to[at].as_ptr().cast_mut().cast();
            message.msg_hdr.msg_namelen = self.to[at].len();
            message.msg_hdr.msg_iov = part;
            message.msg_hdr.msg_iovlen = 1;
        }
        let mut sent = 0;
        while sent < count {
            let result = socket.try_io(|| {
                // SAFETY: the descriptor is open; the first `count` headers were written above, and what they point
                // to lives until the end of this function.
                let result = unsafe {
                    libc::sendmmsg(
                        socket.as_raw_fd(),
                        messages.as_mut_ptr().add(sent).cast(),
                        (count - sent) as libc::c_uint,
                        libc::MSG_DONTWAIT,
                    )
                };
                usize::try_from(result).map_err(|_| io::Error::last_os_error())
            });
            match result {
                Ok(some) if some > 0 => sent += some,
                // The first of the rest cannot be sent (no route, no room): without it, on with the others.
                Ok(_) | Err(_) => {
                    self.dropped += 1;
                    sent += 1;
                }
            }
        }
        self.to.clear();
    }
}

fn boxed_buffers() -> Box<[[u8; DATAGRAM]]> {
    vec![[0; DATAGRAM]; BATCH].into_boxed_slice()
}
