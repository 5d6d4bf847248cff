//! The phrases of the three languages, folded: small letters, no accents, no apostrophes (`dont`), words parted by one
//! space, phrases by commas. A phrase is whole words in a row inside one clause.

/// How a phrase that asks for a call behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Asks wherever it stands.
    Always,
    /// Asks if what follows is no name: "call me" at five, not "call me" John.
    Open,
    /// Says as often what others do: asks only at the beginning of a clause, and its negation is a complaint.
    Told,
}

/// The phrases of a list.
pub(super) fn phrases(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(',').map(str::trim).filter(|phrase| !phrase.is_empty())
}

/// Every phrase that asks for a call.
pub(super) fn requests() -> impl Iterator<Item = (&'static str, Kind)> {
    let of = |kind| move |phrase| (phrase, kind);
    phrases(OPEN)
        .map(of(Kind::Open))
        .chain(phrases(ALWAYS).map(of(Kind::Always)))
        .chain(phrases(TOLD).map(of(Kind::Told)))
}

/// Asks for a call, if no name follows.
pub(super) const OPEN: &str = "\
    call me, call us, phone me, phone us, ring me, ring us, phone me back, telephone me, dial me, buzz me, \
    please call, pls call, plz call, please ring, please phone, can you call, could you call, would you call, \
    can you please call, could you please call, can someone call, could someone call, can somebody call, could \
    somebody call, can anyone call, can you phone, can you ring, llamame, llameme, llamenme, llamadme, llamanos, \
    llamenos, llamennos, marcame, marqueme, marquenme, telefoneame, telefoneeme, me llames, me llame, me llamen, \
    nos llame, nos llamen, me marquen, me marques, me puedes llamar, me puede llamar, me pueden llamar, me podes \
    llamar, me podrias llamar, me podria llamar, me podrian llamar, me pueden marcar, me puedes marcar, me puede \
    marcar, puedes llamarme, puede llamarme, pueden llamarme, podes llamarme, podrias llamarme, podria llamarme, \
    podrian llamarme, pudieras llamarme, pudiera llamarme, pudieran llamarme, favor de llamarme, favor llamarme, \
    favor de llamar, favor llamar, puedes llamar, pueden llamar, podrian llamar, podrias llamar, puedes \
    marcarme, pueden marcarme, vuelve a llamarme, vuelvan a llamarme, me liga, me ligue, me liguem, me ligas, \
    nos ligue, nos liguem, liga me, ligue me, liguem me, ligar me, pode me ligar, podem me ligar, poderia me \
    ligar, poderiam me ligar, consegue me ligar, conseguem me ligar, puder me ligar, puderem me ligar, favor me \
    ligar, favor ligar, pode ligar, podem ligar, poderia ligar, me telefona, me telefone, telefone me";

/// Asks for a call.
pub(super) const ALWAYS: &str = "\
    give me a call, give us a call, give me a ring, give me a buzz, give me a callback, give me a phone call, \
    give me a quick call, please call back, pls call back, call back please, callback please, can you call back, \
    could you call back, i want a call, i need a call, id like a call, i would like a call, want a phone call, \
    need a phone call, like a phone call, want a callback, need a callback, like a callback, request a callback, \
    want a call back, need a call back, like a call back, request a call back, request a call, requesting a \
    call, schedule a call, arrange a call, book a call, set up a call, can we have a call, could we have a call, \
    lets have a call, hop on a call, jump on a call, get on a call, can i get a call, could i get a call, may i \
    get a call, want to be called, like to be called back, want to talk on the phone, can we talk on the phone, \
    can we speak on the phone, talk over the phone, speak over the phone, waiting for your call, await your \
    call, awaiting your call, quiero una llamada, quisiera una llamada, necesito una llamada, deseo una llamada, \
    solicito una llamada, me gustaria una llamada, prefiero una llamada, agendar una llamada, programar una \
    llamada, espero su llamada, espero tu llamada, espero la llamada, quedo a la espera de su llamada, \
    devuelveme la llamada, devuelvame la llamada, devuelvanme la llamada, hablar por telefono, hablamos por \
    telefono, dame una llamada, deme una llamada, hazme una llamada, haceme una llamada, echame un telefonazo, \
    liga pra mim, liga para mim, ligue pra mim, ligue para mim, liguem pra mim, liguem para mim, ligar pra mim, \
    ligar para mim, me da uma ligada, da uma ligada, me de uma ligada, me da um toque, quero uma ligacao, queria \
    uma ligacao, preciso de uma ligacao, gostaria de uma ligacao, quero receber uma ligacao, gostaria de receber \
    uma ligacao, prefiro uma ligacao, prefiro por ligacao, solicito uma ligacao, agendar uma ligacao, marcar uma \
    ligacao, aguardo ligacao, aguardo sua ligacao, aguardo a ligacao, aguardo o contato por telefone, retorna a \
    ligacao, retorne a ligacao, retornem a ligacao, falar por telefone, falar pelo telefone, falar por ligacao";

/// Asks for a call at the beginning of a clause.
pub(super) const TOLD: &str = "\
    me llamas, me llama, me llaman, me marcas, me marca, me marcan";

/// Asks not to be called, in words of its own; the negation of a request is found without a phrase.
pub(super) const REFUSALS: &str = "\
    dont call, do not call, never call, dont phone, do not phone, dont ring, do not ring, dont ever call, dont \
    want a call, dont want any calls, dont want calls, do not want calls, do not want a call, dont want to be \
    called, do not want to be called, dont want phone calls, stop calling, quit calling, stop phoning, stop \
    ringing, stop the calls, no calls, no more calls, no phone calls, not to call, not to be called, no need to \
    call, dont need a call, without calling me, rather not talk on the phone, prefer not to be called, take me \
    off your call list, opt out of calls, no llames, no llame, no llamen, no llamar, no llamarme, no me vuelvas \
    a llamar, no me vuelva a llamar, no me vuelvan a llamar, no vuelvan a llamar, no quiero llamadas, no quiero \
    una llamada, no quiero mas llamadas, no quiero recibir llamadas, no deseo llamadas, no deseo recibir \
    llamadas, no acepto llamadas, deja de llamar, deja de llamarme, deje de llamar, deje de llamarme, dejen de \
    llamar, dejen de llamarme, dejad de llamarme, dejar de llamar, dejar de llamarme, paren de llamar, basta de \
    llamadas, sin llamadas, no mas llamadas, nada de llamadas, no me esten llamando, no me estes llamando, no es \
    necesario que me llamen, no hace falta que me llamen, no hace falta llamar, ni me llamen, no marcar, no me \
    anden llamando, nao ligue, nao liguem, nao ligar, nao liga mais, nao liga nao, nao quero ligacao, nao quero \
    ligacoes, nao quero receber ligacao, nao quero receber ligacoes, nao quero mais ligacoes, nao aceito \
    ligacoes, nao desejo ligacoes, para de ligar, para de me ligar, pare de ligar, pare de me ligar, parem de \
    ligar, parem de me ligar, parar de ligar, parar de me ligar, chega de ligacao, chega de ligacoes, sem \
    ligacao, sem ligacoes, nada de ligacoes, nao precisa ligar, nao precisa me ligar, nao precisam ligar, deixem \
    de me ligar, deixe de me ligar, evite ligar, evitem ligar";

/// A phrase with one of these is English.
pub(super) const ENGLISH: &str = "\
    call, phone, ring, telephone, dial, buzz";

/// May follow "call me" without being somebody's name.
pub(super) const FOLLOWS_ENGLISH: &str = "\
    back, now, later, today, tomorrow, tonight, when, whenever, if, at, on, in, asap, please, pls, plz, any, \
    anytime, about, after, before, around, between, this, next, again, and, so, to, for, by, soon, right, as, i, \
    im, my, from, first, here, directly, immediately, thanks, thank, once, until, sometime, or, because, \
    regarding, via, through, within, then, instead, with, using, we, urgently, quickly, quick, urgent, ok, okay, \
    me, us, monday, tuesday, wednesday, thursday, friday, saturday, sunday, early, during, only, over, its, but, \
    you, u";

/// May follow "llámame" or "me liga" without being somebody's name.
pub(super) const FOLLOWS_OTHERS: &str = "\
    por, porfa, porfavor, ahora, ahorita, luego, hoy, manana, cuando, si, al, a, en, para, despues, antes, mas, \
    esta, este, el, lunes, martes, miercoles, jueves, viernes, sabado, domingo, y, pronto, ya, urgente, gracias, \
    que, porque, de, entre, desde, tan, lo, cualquier, un, una, otra, solo, nuevamente, pls, sobre, o, u, vale, \
    sino, agora, depois, hoje, amanha, quando, se, ao, as, no, na, em, pra, pro, mais, ainda, segunda, terca, \
    quarta, quinta, sexta, e, assim, logo, obrigado, obrigada, pfv, pf, fds, ai, aqui, ate, apos, novamente, ta, \
    nesse, neste, nessa, mesmo, urgentemente, rapidinho, via, pelo, pela, num";

/// Whose calling is told, not asked for: the word before the phrase.
pub(super) const OTHERS: &str = "\
    they, people, everyone, everybody, friends, others, he, she, mom, mother, boss, nobody, one, did, didnt, \
    bank, who, would, always, mostly, kids, colleagues, nadie, todos, quien, siempre, ellos, ella, el, banco, \
    jefe, amigos, gente, ninguem, quem, sempre, eles, elas, ela, ele, mae, pai, chefe, esposa, marido, voces";

/// Nobody's calling is told, wherever he stands: "nobody can call me".
pub(super) const NOBODY: &str = "\
    nobody, noone, nadie, ninguem";

/// Before these, "to call me" is told: "tried to call me".
pub(super) const TRIED: &str = "\
    tried, trying, tries, failed, able, used, forgot";

/// Turns a request round.
pub(super) const NEGATIONS: &str = "\
    dont, not, never, no, stop, without, cant, cannot, doesnt, wouldnt, neither, nor, nunca, jamas, tampoco, ni, \
    sin, nao, jamais, nem, sem, n, evite, evitem, prohibido, proibido";

/// In a question these ask politely ("can't you call me?"); without a question mark they turn round.
pub(super) const MODAL_NEGATIONS: &str = "\
    cant you, cannot you, couldnt you, wont you, can you not, no me puedes, no me puede, no me pueden, no me \
    podrias, no me podria, no me podrian, no puedes, no pueden, no podrias, no podrian, nao pode, nao podem, nao \
    poderia, nao poderiam, nao consegue, nao conseguem";

/// A "no" that turns nothing round.
pub(super) const IDIOMS: &str = "\
    no problem, no worries, no rush, why not, why dont you, why dont we, por que no, porque no, porque nao, por \
    que nao, no hay problema, sem problema, sem problemas, sin problema, sin problemas, como no, if not, pq nao, \
    sin falta, sem falta, without fail, no doubt";

/// A condition: "if you don't call me" neither asks for a call nor forbids it.
pub(super) const CONDITIONS: &str = "\
    if, unless, si, se, caso, when";

/// Yes to an offer, a clause of its own or its beginning.
pub(super) const YES: &str = "\
    yes, yeah, yep, yup, yess, y, ok, okay, okey, oki, okk, k, sure, of course, certainly, absolutely, \
    definitely, please, yes please, go ahead, sounds good, fine, alright, all right, great, perfect, agreed, \
    correct, why not, no problem, i would, i do, id love to, by all means, do it, si, sii, siii, claro, dale, \
    vale, por supuesto, de acuerdo, esta bien, perfecto, con gusto, adelante, correcto, me parece bien, por \
    favor, porfa, porfavor, listo, bueno, como no, acepto, quiero, no hay problema, sin problema, obvio, \
    excelente, genial, simon, ok gracias, me gustaria, sim, ss, s, pode, pode ser, podem, com certeza, certo, \
    beleza, blz, ta bom, ta, isso, quero, aceito, bora, combinado, perfeito, otimo, show, fechado, sem problema, \
    sem problemas, gostaria, positivo, ok obrigado, concordo, tudo certo, manda, pfv, pf, 👍, 👌, ✅, 🆗, ☑, ✔";

/// No to an offer, wherever it stands.
pub(super) const NO: &str = "\
    no, nope, nah, not, dont, never, negative, cant, cannot, wont, no thanks, stop, refuse, decline, nunca, \
    jamas, tampoco, nel, negativo, nao, naum, n, jamais, nem, recuso, rechazo, nop, neither, 👎, ❌, 🚫, ✖, ⛔";

/// Neither yes nor no, whatever stands beside it.
pub(super) const DOUBTS: &str = "\
    maybe, perhaps, depends, dunno, later, busy, think, possibly, unsure, whatever, wait, but, quizas, quiza, \
    tal vez, talvez, depende, acaso, ocupado, ocupada, pensar, pensarlo, luego, despues, espera, espere, pero, \
    depois, mas tarde, mais tarde, aguarde, sei la, porem";
