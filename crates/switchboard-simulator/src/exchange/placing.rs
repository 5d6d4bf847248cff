//! What customers do first: they call.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Book, Exchange};
use crate::account;
use crate::account::CustomerCard;
use crate::call::{Beginning, Call, CallReport, NewCall, Profile, Sound};
use crate::clock::now;
use crate::customer::{CallState, Customer, Direction};
use crate::locked;
use crate::media::audio::{self, SoundError};
use crate::media::leg::{Begins, Leg, LegFacts, LegNews, Numbers, Parts, SilenceRule, Terms, Voice};
use crate::media::sdp;
use crate::people;
use crate::webhooks::body::{self, Parties};

/// Webhooks of one call that may wait.
pub(super) const MOST_LETTERS: usize = 16;
/// A stale connect is this old unless told otherwise.
pub(super) const STALE: i64 = 3_600;

/// Why a call could not be placed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// No such number.
    #[error("no number with this id")]
    NoSuchNumber,
    /// Calling is switched off, or customers may not call at the moment: the user's app shows no call icon.
    #[error("the number takes no calls of customers: calling is off or restricted")]
    Closed,
    /// The caller's number is none.
    #[error("the caller's number needs 5 to 20 digits")]
    NotANumber,
    /// Meta's limit of calls at the same time: the user sees a generic message, no webhook is sent.
    #[error("the number has as many calls as Meta allows at the same time")]
    TooManyCalls,
    /// One call per customer and number at a time (138003, Jun 2026).
    #[error("this customer is already in a call with this number")]
    AlreadyInACall,
    /// The DTLS server of str0m takes the strongest profile a client offers; no weaker one can be forced.
    #[error("only profile gcm256 can be chosen: the customer's DTLS takes the strongest profile offered")]
    Profile,
    /// The sound cannot be played.
    #[error("the customer's sound")]
    Sound(#[from] SoundError),
    /// No media could be set up.
    #[error("{0}")]
    Media(String),
}

impl Exchange {
    /// Places a call: sets up the customer's media and sends the connect webhook.
    pub(crate) fn place(self: &Arc<Self>, wanted: &NewCall) -> Result<CallReport, PlaceError> {
        let voice = voice_of(&wanted.sound)?;
        self.place_with_voice(wanted, voice)
    }

    /// As `place`, with a voice that is made elsewhere (the phone page).
    pub(crate) fn place_with_voice(
        self: &Arc<Self>,
        wanted: &NewCall,
        voice: Option<Voice>,
    ) -> Result<CallReport, PlaceError> {
        let number = self.account.number(wanted.number.as_deref()).ok_or(PlaceError::NoSuchNumber)?;
        let at = self.clock.unix_seconds();
        if !self.number(&number.id, |standing| standing.is_open_to_customers(at)) {
            return Err(PlaceError::Closed);
        }
        if wanted.profile.is_some_and(|profile| profile != Profile::Gcm256) {
            return Err(PlaceError::Profile);
        }
        let from =
            wanted.from.as_deref().map(account::digits).map(|digits| digits.ok_or(PlaceError::NotANumber));
        let from = from.transpose()?;

        let (wishes, wish_inbox) = mpsc::channel(64);
        let (letters, letter_inbox) = mpsc::channel(MOST_LETTERS);
        let (news, news_inbox) = mpsc::channel(16);
        let facts = LegFacts::new(!wanted.counts_only);
        let dead = voice.is_none();
        let (leg, sdp_offer) = self.set_up_media(wanted, voice, &facts, news)?;

        let placed = {
            let mut book = locked(&self.book);
            let ordinal = book.next + 1;
            let from = match (from, &wanted.username) {
                (Some(from), _) => Some(from),
                (None, Some(_)) => None,
                // Never the number of somebody else in the book: one call per pair at a time.
                (None, None) => Some(format!("1555{:07}", 1_000_000 + ordinal)),
            };
            if let Err(refused) = self.may_call(&book, &number.id, from.as_deref()) {
                drop(book);
                self.media.remove(leg);
                return Err(refused);
            }
            book.next = ordinal;
            let faults = wanted.faults.clone();
            let plan = match &faults {
                Some(own) => own.plan(1),
                None => book.faults.plan(ordinal - book.faults_since),
            };
            let parties =
                self.parties(wanted, number.id.clone(), number.display_phone.clone(), from, ordinal);
            let caller = parties.from.as_deref().unwrap_or(&parties.user_id);
            let wacid = body::call_id(caller, &parties.display_phone, Direction::UserInitiated);
            let mut call = Call::new(Beginning {
                ordinal,
                wacid,
                parties,
                customer: Customer::new(now(), self.sdp_refusal, wanted.sdp),
                plan,
                faults,
                in_batches: wanted.in_batches,
                // Load runs only count, and leave no traces.
                remembers: !wanted.counts_only,
                facts: Arc::clone(&facts),
                wishes,
                letters,
            });
            call.leg = Some(leg);
            call.dead = dead;
            self.send_connect(&mut call, wanted, &sdp_offer);
            let report = call.report();
            book.by_wacid.insert(call.wacid.clone(), ordinal);
            book.calls.insert(ordinal, call);
            book.forget_old();
            report
        };
        let ordinal = placed.ordinal();
        self.customer_called(ordinal);
        self.note(ordinal, "the customer calls");
        self.tasks.spawn(Arc::clone(self).deliver(ordinal, letter_inbox));
        self.tasks.spawn(Arc::clone(self).live(ordinal, wanted.clone(), wish_inbox, news_inbox));
        Ok(placed)
    }

    pub(super) fn may_call(&self, book: &Book, number: &str, from: Option<&str>) -> Result<(), PlaceError> {
        let live = || {
            let calls = book.calls.values().filter(|call| call.customer.state() != CallState::Ended);
            calls.filter(|call| call.parties.number_id == number)
        };
        if live().count() >= self.limits.concurrent_calls {
            return Err(PlaceError::TooManyCalls);
        }
        if from.is_some() && live().any(|call| call.parties.from.as_deref() == from) {
            return Err(PlaceError::AlreadyInACall);
        }
        Ok(())
    }

    fn set_up_media(
        &self,
        wanted: &NewCall,
        voice: Option<Voice>,
        facts: &Arc<LegFacts>,
        news: mpsc::Sender<LegNews>,
    ) -> Result<(u64, String), PlaceError> {
        // With keys in the SDP the business must send the first packet (M-SIP).
        let begins = if wanted.waits_for_first_packet || wanted.sdp.is_sdes() {
            Begins::FirstPacket
        } else {
            Begins::Accepted(self.limits.speaks_after)
        };
        let silence =
            SilenceRule { at_start: self.limits.silence_at_start, later: self.limits.silence_later };
        let facts = Arc::clone(facts);
        let says = wanted.says.or_else(|| {
            let laws = wanted.sdp.laws();
            if wanted.sdp.has_opus() { None } else { laws.first().copied() }
        });
        let voice = match (voice, says) {
            (Some(Voice::Frames(frames)), Some(law)) => Some(Voice::Frames(audio::in_g711(&frames, law)?)),
            (voice, _) => voice,
        };
        let (sdes, laws) = (wanted.sdp.is_sdes(), wanted.sdp.laws());
        let terms = Terms {
            sdes,
            numbers: Numbers::META,
            laws,
            mid: "audio",
            dtls_client: false,
            waits_for_pick_up: false,
        };
        let (leg, credentials) =
            Leg::customer(self.media_ip, now(), &terms, |rtc, socket, local, ssrc| Parts {
                rtc,
                socket,
                local,
                mid: "audio".into(),
                ssrc,
                numbers: says.map_or(Numbers::META, Numbers::g711),
                voice: voice.unwrap_or(Voice::Nothing),
                begins,
                silence: Some(silence),
                facts,
                news,
            })
            .map_err(|error| PlaceError::Media(error.to_string()))?;
        let offer = sdp::offer(&sdp::OfferFacts {
            shape: wanted.sdp,
            address: credentials.address,
            // A documentation address (RFC 3849): listed like Meta's IPv6 relay, never reachable.
            second: wanted.ipv6_candidate.then(|| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])),
            ufrag: &credentials.ufrag,
            password: &credentials.password,
            fingerprint: &credentials.fingerprint,
            key: credentials.key.as_ref(),
            ssrc: credentials.ssrc,
        });
        Ok((self.media.add(leg), offer))
    }

    fn parties(
        &self,
        wanted: &NewCall,
        number_id: String,
        display_phone: String,
        from: Option<String>,
        ordinal: u64,
    ) -> Parties {
        let name = wanted
            .name
            .clone()
            .or_else(|| wanted.username.clone())
            .unwrap_or_else(|| format!("Caller {ordinal}"));
        let user_id = people::user_id(from.as_deref(), wanted.username.as_deref());
        if from.is_some() || wanted.username.is_some() {
            // Callers who are only counted are not remembered: load runs invent one per call.
            let card =
                CustomerCard { name: name.clone(), phone: from.clone(), username: wanted.username.clone() };
            if !wanted.counts_only {
                self.people(|people| people.meet(&card));
            }
        }
        Parties {
            direction: Direction::UserInitiated,
            waba_id: self.account.waba_id.clone(),
            number_id,
            display_phone,
            name,
            user_id: user_id.unwrap_or_else(|| format!("US.9{ordinal:0>19}")),
            from,
            parent_user_id: None,
            username: wanted.username.clone(),
            cta_payload: wanted.cta_payload.clone(),
            deeplink_payload: wanted.deeplink_payload.clone(),
            with_contacts: !wanted.without_contacts,
        }
    }

    fn send_connect(&self, call: &mut Call, wanted: &NewCall, offer: &str) {
        let age = wanted.connect_age_s.unwrap_or(if call.plan.stale { STALE } else { 0 });
        let at = self.clock.unix_seconds();
        let connect = body::connect(&call.parties, &call.wacid, at - age, offer);
        let connect = if call.in_batches { body::in_a_batch(connect, &call.parties, at) } else { connect };
        call.connect_bytes = body::bytes(&connect);
        if call.plan.drop_connect {
            call.note("the connect webhook is lost");
            return;
        }
        // A plan in which terminate comes first keeps connect back until the end.
        if call.plan.terminate_first {
            return;
        }
        let copies = if call.plan.duplicate_connect { 2 } else { 1 };
        for _ in 0..copies {
            let delay = call.plan.connect_delay;
            call.write("connect", call.connect_bytes.clone(), delay);
        }
    }
}

/// The voice behind a sound; nothing for a dead customer.
pub(crate) fn voice_of(sound: &Sound) -> Result<Option<Voice>, SoundError> {
    Ok(match sound {
        Sound::ToneHz(hertz) => Some(Voice::Frames(audio::tone((*hertz).clamp(50, 7_500))?)),
        Sound::File(path) => Some(Voice::Frames(audio::file(Path::new(path))?)),
        Sound::Silence(_) => Some(Voice::Frames(audio::silence()?)),
        Sound::Voice(_) => Some(Voice::Frames(audio::voice()?)),
        Sound::None(_) => Some(Voice::Nothing),
        Sound::Dead(_) => None,
    })
}
