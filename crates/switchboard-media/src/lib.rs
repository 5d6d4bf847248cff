//! CARRY: WebRTC, SRTP, RTP and audio.
