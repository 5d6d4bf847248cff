//! What customers write, language by language, and what follows from a ledger.

use super::*;

const REQUESTS: &[&str] = &[
    // English
    "call me",
    "Call me!",
    "CALL ME PLEASE",
    "Please call me back",
    "Can you call me?",
    "could you please call me tomorrow?",
    "hi, call me at 5pm",
    "You can call me when you are free",
    "give me a call",
    "Give me a ring later",
    "I need a call",
    "I'd like a call",
    "I want you to call me",
    "can someone call me",
    "Would you call me asap",
    "pls call",
    "Please call.",
    "Can't you call me?",
    "why don't you call me",
    "Why don't you call me tomorrow?",
    "No problem, call me tomorrow",
    "no problem call me tomorrow",
    "No, call me later",
    "I'm home now. Call me",
    "can we schedule a call?",
    "call us back",
    "Don't write, call me",
    "Not today. Call me tomorrow.",
    "can we talk on the phone",
    "request a callback",
    "Feel free to call me",
    "could you call me on this number",
    "Call me 555-0100",
    "ring me when you can",
    "I'm waiting for your call",
    "call me, please",
    "Will you call me?",
    "phone me",
    "call me 📞",
    "call me…",
    // Spanish
    "llámame",
    "Llámame por favor",
    "llameme",
    "Llámenme mañana",
    "¿Me puedes llamar?",
    "me pueden llamar por favor",
    "¿Puedes llamarme?",
    "podrían llamarme hoy",
    "Quiero que me llamen",
    "necesito que me llame",
    "Hola, ¿me llamas?",
    "hola me llamas",
    "me llaman por favor",
    "¿Me llama mañana?",
    "No, llámame",
    "quiero una llamada",
    "Me gustaría una llamada",
    "Espero su llamada",
    "marcame",
    "¿No me puedes llamar?",
    "¿por qué no me llamas?",
    "favor de llamarme al 5512345678",
    "podés llamarme?",
    "llámanos",
    "quisiera hablar por teléfono",
    "LLAMAME YA",
    "No me escribas, llámame",
    "me podrías llamar cuando puedas",
    "vuelvan a llamarme",
    "sin falta llámame mañana",
    // Portuguese
    "me liga",
    "Me liga por favor",
    "me ligue",
    "Pode me ligar?",
    "podem me ligar amanhã?",
    "liga pra mim",
    "Ligue para mim",
    "Poderia me ligar às 15h",
    "quero uma ligação",
    "Gostaria de receber uma ligação",
    "me dá uma ligada",
    "Ligue-me",
    "quando puder me ligue",
    "Não pode me ligar?",
    "por que não me liga?",
    "Aguardo sua ligação",
    "me telefona",
    "prefiro falar por telefone",
    "Oi, me liga agora",
    "Não, me liga amanhã",
    "consegue me ligar hoje?",
    "me liguem urgente",
    "retorne a ligação",
    "sem problema me liga depois",
    "Quero que você me ligue",
];

const REFUSALS: &[&str] = &[
    // English
    "don't call me",
    "Don’t call me",
    "dont call me",
    "Do not call me",
    "please don't call",
    "Please stop calling me",
    "stop calling",
    "never call me again",
    "I don't want you to call me",
    "I do not want anybody to call me",
    "no calls please",
    "Please do not ever call me",
    "don't ring me",
    "I asked you not to call me",
    "You can't call me",
    "you cannot call me",
    "Don't call me, ok?",
    "I don't want a call",
    "No phone calls",
    "rather not talk on the phone",
    "no need to call me",
    "Call me? No, don't call me",
    "don't want to be called",
    "take me off your call list",
    "DO NOT CALL",
    // Spanish
    "no me llames",
    "No me llame",
    "no me llamen más",
    "por favor no llamar",
    "no quiero llamadas",
    "No quiero que me llamen",
    "dejen de llamarme",
    "deja de llamar",
    "nunca me llamen",
    "no me vuelvan a llamar",
    "sin llamadas",
    "no me pueden llamar",
    "Ya no me llamen",
    "no hace falta que me llamen",
    "prohibido llamarme. No llamen",
    "no me marquen",
    "no deseo recibir llamadas",
    "no llames",
    "nada de llamadas",
    // Portuguese
    "não me ligue",
    "Não me liguem",
    "não me liga",
    "nao ligue mais",
    "não quero ligação",
    "Não quero que me liguem",
    "para de me ligar",
    "pare de ligar",
    "parem de me ligar",
    "sem ligações",
    "nunca me ligue",
    "não pode me ligar",
    "n me liga",
    "não precisa me ligar",
    "não quero receber ligações",
    "chega de ligações",
    "Não me telefone",
];

const NOTHING: &[&str] = &[
    "",
    "   ",
    "hello",
    "I will call you",
    "I'll call you later",
    "can I call you?",
    "call me John",
    "You can call me Maria",
    "They call me Bob",
    "people call me",
    "call me crazy",
    "Call me old-fashioned",
    "don't call me crazy",
    "call me a taxi",
    "did you call me?",
    "he tried to call me",
    "why did you call me",
    "thanks for calling",
    "I missed your call",
    "the call was good",
    "recall me",
    "callme",
    "if you call me I'll answer",
    "If you don't call me I'll cancel",
    "you never call me",
    "she will call me",
    "my bank will call me",
    "call center",
    "roll call",
    "what do you call this?",
    "I have a call at 5",
    "called",
    "what's your number",
    "call my wife",
    "nobody can call me",
    "me llamo Ana",
    "Hola, me llamo Juan",
    "me llaman Pepe",
    "todos me llaman Paco",
    "me llama la atención",
    "te llamo luego",
    "yo te llamo",
    "¿cómo te llamas?",
    "¿Cómo se llama?",
    "llámame Ana",
    "puedes llamarme Ana",
    "la llamada",
    "mi jefe me llama",
    "nadie me llama",
    "no me llaman nunca",
    "llama",
    "llamarada",
    "si no me llaman cancelo",
    "intentaron llamarme",
    "perdí la llamada",
    "me chamo Ana",
    "Oi, me chamo João",
    "me chama no whatsapp",
    "vou te ligar",
    "eu ligo depois",
    "ninguém me liga",
    "minha mãe me liga",
    "ela me liga",
    "como você se chama?",
    "ligado",
    "liga de futebol",
    "a ligação caiu",
    "não liga pra isso",
    "se não me ligarem cancelo",
    "desliga",
    "obrigado",
];

fn check(sentences: &[&str], wish: Wish) {
    let wrong: Vec<_> = sentences
        .iter()
        .filter_map(|text| {
            let found = detect(text, &[]);
            (found.wish != wish).then_some((*text, found.wish, found.matched))
        })
        .collect();
    assert!(wrong.is_empty(), "expected {wish:?}: {wrong:#?}");
}

#[test]
fn a_customer_who_asks_for_a_call_is_heard_in_three_languages() {
    check(REQUESTS, Wish::CallRequested);
}

#[test]
fn a_customer_who_does_not_want_calls_is_heard_in_three_languages() {
    check(REFUSALS, Wish::NotWanted);
}

#[test]
fn whoever_speaks_of_something_else_is_left_alone() {
    check(NOTHING, Wish::Nothing);
}

#[test]
fn the_last_wish_of_a_message_counts() {
    assert_eq!(detect("Don't call me now. Call me tomorrow!", &[]).wish, Wish::CallRequested);
    assert_eq!(detect("Call me! Wait, no, don't call me", &[]).wish, Wish::NotWanted);
}

#[test]
fn a_business_adds_phrases_of_its_own_and_negations_hold_for_them_too() {
    let extra = ["Rückruf bitte".to_owned(), "  ".to_owned(), "quiero asesoría".to_owned()];
    assert_eq!(detect("ruckruf BITTE", &extra).wish, Wish::CallRequested);
    assert_eq!(detect("Quiero asesoria", &extra).wish, Wish::CallRequested);
    assert_eq!(detect("no quiero asesoría", &extra).wish, Wish::NotWanted);
    assert_eq!(detect("Rückrufbitte", &extra).wish, Wish::Nothing);
    assert_eq!(detect("Rückruf bitte", &[]).wish, Wish::Nothing);
}

#[test]
fn what_was_found_is_kept_as_evidence_and_never_shown_in_debug() {
    let found = detect("Hola, ¿me puedes llamar?", &[]);
    assert_eq!(found.matched, "me puedes llamar");
    assert!(!format!("{found:?}").contains("llamar"));
    assert_eq!(detect("hello", &[]).matched, "");
}

#[test]
fn an_answer_to_an_offer_is_yes_no_or_neither() {
    let check = |texts: &[&str], expected: Affirmative| {
        let wrong: Vec<_> = texts.iter().filter(|text| affirmative(text) != expected).collect();
        assert!(wrong.is_empty(), "expected {expected:?}: {wrong:#?}");
    };
    check(
        &[
            "yes",
            "Yes!",
            "Yes please",
            "ok",
            "OK 👍",
            "sure",
            "Of course",
            "go ahead",
            "sounds good",
            "yeah, thanks",
            "👍🏽",
            "✅",
            "no problem",
            "why not",
            "please",
            "call me",
            "sí",
            "Si",
            "sí, gracias",
            "si por favor",
            "claro",
            "Claro que sí",
            "dale",
            "por supuesto",
            "de acuerdo",
            "¡Sí!",
            "cómo no",
            "si, llámame",
            "sim",
            "Sim!",
            "pode",
            "Pode ser",
            "pode sim",
            "claro",
            "com certeza",
            "beleza",
            "blz",
            "quero sim",
            "me liga",
            "s",
            "ok obrigado",
        ],
        Affirmative::Yes,
    );
    check(
        &[
            "no",
            "No!",
            "no thanks",
            "nope",
            "not now",
            "I can't",
            "don't call me",
            "please don't call me",
            "👎",
            "❌",
            "no gracias",
            "No, gracias",
            "ahora no",
            "no puedo",
            "no me llames",
            "não",
            "Não, obrigado",
            "agora não",
            "nao posso",
            "n",
            "nunca",
            "sí pero no",
        ],
        Affirmative::No,
    );
    check(
        &[
            "",
            "who are you?",
            "ok?",
            "what is it about?",
            "maybe",
            "yes but not now",
            "yes, no",
            "ok but what for",
            "later",
            "hello",
            "quizás",
            "tal vez",
            "depende",
            "si tengo tiempo",
            "talvez",
            "depois",
            "quem é?",
            "¿Quién es?",
            "😀",
            "ok let me first ask my husband about it and then we will see",
            "no?",
            "42",
        ],
        Affirmative::Unclear,
    );
}

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn ago(kind: ConsentKind, seconds: u64) -> ConsentEntry {
    ConsentEntry { kind, at: NOW.minus(Duration::from_secs(seconds)), valid_until: None }
}

fn stands(entries: &[ConsentEntry]) -> Standing {
    standing(NOW, &ConsentRules::default(), entries)
}

#[test]
fn an_accepted_offer_is_good_for_an_hour_and_an_opt_in_for_twelve_months() {
    let hour = 3_600;
    let fresh = stands(&[ago(ConsentKind::OfferAccepted, hour - 1)]);
    assert_eq!(fresh.consent, Some((ConsentKind::OfferAccepted, NOW.plus(Duration::from_secs(1)))));
    let over = stands(&[ago(ConsentKind::OfferAccepted, hour)]);
    assert_eq!((over.consent, over.ended), (None, Some((ConsentKind::OfferAccepted, NOW))));
    let year = 365 * 24 * hour;
    assert!(stands(&[ago(ConsentKind::OptIn, year - 1)]).consent.is_some());
    assert!(stands(&[ago(ConsentKind::OptIn, year)]).consent.is_none());
    assert!(stands(&[ago(ConsentKind::CallRequest, 72 * hour - 1)]).consent.is_some());
    assert!(stands(&[ago(ConsentKind::CallRequest, 72 * hour)]).consent.is_none());
}

#[test]
fn an_end_of_its_own_shortens_and_never_stretches() {
    let own = |seconds| ConsentEntry {
        valid_until: Some(NOW.plus(Duration::from_secs(seconds))),
        ..ago(ConsentKind::OfferAccepted, 0)
    };
    assert_eq!(stands(&[own(60)]).consent.map(|(_, end)| end), Some(NOW.plus(Duration::from_secs(60))));
    assert_eq!(stands(&[own(7_200)]).consent.map(|(_, end)| end), Some(NOW.plus(Duration::from_secs(3_600))));
}

#[test]
fn an_opt_out_wins_over_every_yes_in_any_order() {
    for last in [ConsentKind::OptOut, ConsentKind::DoNotCall] {
        let entries = [ago(ConsentKind::OptIn, 5), ago(last, 1_000_000), ago(ConsentKind::CallRequest, 1)];
        let standing = stands(&entries);
        assert_eq!(standing.opted_out.map(|(kind, _)| kind), Some(last));
        let mut turned = entries;
        turned.reverse();
        assert_eq!(stands(&turned), standing);
    }
}

#[test]
fn a_no_or_a_maybe_stands_until_a_newer_yes() {
    let declined = stands(&[ago(ConsentKind::CallRequest, 100), ago(ConsentKind::OfferDeclined, 50)]);
    assert!(declined.declined_at.is_some());
    let again = stands(&[ago(ConsentKind::OfferDeclined, 50), ago(ConsentKind::OfferAccepted, 10)]);
    assert_eq!(again.declined_at, None);
    let unclear = stands(&[ago(ConsentKind::OfferUnclear, 10), ago(ConsentKind::OfferDeclined, 50)]);
    assert!(unclear.unclear_at.is_some() && unclear.declined_at.is_some());
    assert_eq!(
        stands(&[ago(ConsentKind::OfferUnclear, 60), ago(ConsentKind::OfferDeclined, 50)]).unclear_at,
        None
    );
}

proptest::proptest! {
    /// Customers write anything.
    #[test]
    fn any_text_is_read_without_harm(text in "\\PC*", extra in "\\PC{0,8}") {
        let _ = (detect(&text, &[extra]), affirmative(&text));
    }

    #[test]
    fn nothing_opens_what_an_opt_out_has_closed(ages in proptest::collection::vec((0..7_usize, 0..10_000_000_u64), 0..8)) {
        let mut entries: Vec<_> = ages.iter().map(|(kind, age)| ago(ConsentKind::ALL[*kind], *age)).collect();
        entries.push(ago(ConsentKind::OptOut, 5_000_000));
        proptest::prop_assert!(stands(&entries).opted_out.is_some());
    }
}
