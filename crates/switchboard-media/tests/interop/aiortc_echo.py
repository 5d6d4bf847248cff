#!/usr/bin/env python3
"""aiortc (own ICE, OpenSSL, libsrtp, libopus) calls an echo leg and hears its own 440 Hz.

    aiortc_echo.py path/to/echo_leg [path/to/venv]

Makes the venv and installs aiortc into it when it is not there. Once per SRTP profile, agreed in a true DTLS handshake.
Then libsrtp alone (pylibsrtp, which aiortc brings) with keys in the SDP: its packets come back, and ours speak first.
Exit code: 0 heard, 1 not heard, 77 not run (no Python venv or no package index).
"""

import asyncio
import fractions
import math
import os
import subprocess
import sys
import tempfile
import time

AIORTC = "aiortc==1.16.0"
NOT_RUN = 77
TONE_HZ = 440
RATE = 48_000


def enter_venv() -> None:
    """Runs this script again inside a venv that has aiortc."""
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.join(tempfile.gettempdir(), "switchboard-aiortc")
    python = os.path.join(folder, "bin", "python")
    try:
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        if subprocess.run([python, "-c", "import aiortc"], capture_output=True).returncode != 0:
            subprocess.run([python, "-m", "pip", "install", "--quiet", AIORTC], check=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"NOT RUN: aiortc cannot be installed: {error}", file=sys.stderr)
        sys.exit(NOT_RUN)
    os.execv(python, [python, os.path.abspath(__file__), sys.argv[1], folder, "inside"])


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return NOT_RUN
    if sys.argv[-1] != "inside":
        enter_venv()
    import aiortc.rtcdtlstransport as dtls

    profiles = list(dtls.SRTP_PROFILES)
    worst = 0
    for profile in profiles:
        dtls.SRTP_PROFILES[:] = [profile]
        name = profile.openssl_profile.decode()
        heard = asyncio.run(call(sys.argv[1]))
        print(f"{name}: {heard}")
        if heard is None or abs(heard - TONE_HZ) > 10:
            worst = 1
    echoed = sdes(sys.argv[1])
    print(f"SDES: {echoed}")
    return worst if echoed == "echoed" else 1


async def call(echo_leg: str):
    import av
    from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
    from aiortc.mediastreams import MediaStreamError

    class Tone(MediaStreamTrack):
        kind = "audio"

        def __init__(self) -> None:
            super().__init__()
            self.at = 0
            self.started = None

        async def recv(self):
            loop = asyncio.get_running_loop()
            self.started = self.started or loop.time()
            await asyncio.sleep(max(0.0, self.started + self.at / RATE - loop.time()))
            samples = [int(12_000 * math.sin(2 * math.pi * TONE_HZ * (self.at + n) / RATE)) for n in range(960)]
            frame = av.AudioFrame(format="s16", layout="mono", samples=960)
            frame.planes[0].update(b"".join(s.to_bytes(2, "little", signed=True) for s in samples))
            frame.sample_rate, frame.pts, frame.time_base = RATE, self.at, fractions.Fraction(1, RATE)
            self.at += 960
            return frame

    peer = RTCPeerConnection()
    peer.addTrack(Tone())
    heard = asyncio.get_running_loop().create_future()

    @peer.on("track")
    def on_track(track):
        async def listen():
            sound, skipped = [], 0
            try:
                while len(sound) < RATE:
                    frame = await track.recv()
                    skipped += 1
                    if skipped > 50:
                        step = len(frame.layout.channels)
                        data = memoryview(bytes(frame.planes[0])).cast("h")
                        sound.extend(data[: frame.samples * step : step])
            except MediaStreamError:
                return
            if not heard.done():
                heard.set_result(frequency(sound))

        asyncio.ensure_future(listen())

    await peer.setLocalDescription(await peer.createOffer())
    # Meta's offers carry one fingerprint; aiortc writes three.
    lines = peer.localDescription.sdp.splitlines()
    offer = [line for line in lines if not line.startswith("a=fingerprint:") or "sha-256" in line]
    process = await asyncio.create_subprocess_exec(
        echo_leg, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        process.stdin.write(("\r\n".join(offer) + "\r\n").encode())
        process.stdin.close()
        answer = b""
        while not answer.endswith(b"\r\n\n"):
            line = await asyncio.wait_for(process.stdout.readline(), 10)
            if not line:
                return None
            answer += line
        await peer.setRemoteDescription(RTCSessionDescription(answer.decode().rstrip("\n") + "\n", "answer"))
        return await asyncio.wait_for(heard, 15)
    except asyncio.TimeoutError:
        return None
    finally:
        await peer.close()
        process.terminate()
        await process.wait()


def sdes(echo_leg: str) -> str:
    """A call with keys in the SDP; libsrtp checks what we protect and protects what we check."""
    import base64
    import socket
    import struct

    from pylibsrtp import Error, Policy, Session

    ours = os.urandom(30)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(5)
    offer = [
        "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE audio",
        f"m=audio {sock.getsockname()[1]} RTP/SAVP 111 126", "c=IN IP4 127.0.0.1", "a=mid:audio", "a=sendrecv",
        "a=rtcp-mux", f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{base64.b64encode(ours).decode()}",
        "a=rtpmap:111 opus/48000/2", "a=rtpmap:126 telephone-event/8000", "a=ptime:20", "a=maxptime:20",
    ]
    process = subprocess.Popen([echo_leg], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdin.write(("\r\n".join(offer) + "\r\n").encode())
        process.stdin.close()
        port, theirs = None, None
        for line in iter(lambda: process.stdout.readline().decode().strip(), ""):
            if line.startswith("m=audio "):
                port = int(line.split(" ")[1])
            if line.startswith("a=crypto:"):
                theirs = base64.b64decode(line.split("inline:")[1])
            if line.startswith(("a=ice", "a=candidate", "a=fingerprint", "a=setup")):
                return f"{line.split(':')[0]} in an answer with SDES"
        if port is None or theirs is None or len(theirs) != 30:
            return "no usable answer"
        profile = Policy.SRTP_PROFILE_AES128_CM_SHA1_80
        sending = Session(Policy(key=ours, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        hearing = Session(Policy(key=theirs, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
        # The business speaks first: nothing was sent from here yet.
        first, reports, echoed = hearing.unprotect(sock.recv(2000)), 0, 0
        if first[12:] != bytes([0xF8, 0xFF, 0xFE]):
            return "the first packet was no silence"
        for n in range(300):
            payload = bytes([0xF8, n % 256]) + b"sound of an SDES customer"
            header = struct.pack("!BBHII", 0x80, 111, (65_400 + n) % 65_536, 960 * n, 77)
            sock.sendto(sending.protect(header + payload), ("127.0.0.1", port))
            while True:
                packet = sock.recv(2000)
                if 192 <= packet[1] < 224:
                    hearing.unprotect_rtcp(packet)
                    reports += 1
                    continue
                if hearing.unprotect(packet)[12:] == payload:
                    echoed += 1
                    break
            time.sleep(0.02)
        return "echoed" if echoed == 300 and reports > 0 else f"{echoed} of 300 echoed, {reports} RTCP reports"
    except (Error, TimeoutError, OSError) as error:
        return f"broke: {error}"
    finally:
        process.terminate()
        process.wait()
        sock.close()


def frequency(sound) -> float:
    """Rising zero crossings per second; 0 for silence."""
    if max(sound) < 1_000:
        return 0.0
    rising = sum(1 for before, after in zip(sound, sound[1:]) if before < 0 <= after)
    return rising * RATE / len(sound)


if __name__ == "__main__":
    sys.exit(main())
