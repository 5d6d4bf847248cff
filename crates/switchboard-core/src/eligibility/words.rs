//! The sentences people read about a reason, in three languages. Numbers come from the reason; the moment comes as the
//! reader writes moments, from the caller.

use crate::eligibility::{Reason, ReasonCode, Remedy};
use crate::language::Language;
use crate::permission::PermissionRules;

/// The sentence of a reason. `until`: its moment, written out; without it the sentence does without.
#[must_use]
pub fn sentence(language: Language, reason: &Reason, until: Option<&str>) -> String {
    let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
    let mut sentence = of(language, base(reason.code)).to_owned();
    for more in of_unanswered(reason).into_iter().flatten() {
        sentence.push(' ');
        sentence.push_str(of(language, more));
    }
    sentence = sentence
        .replace("{count}", &number(reason.data.count))
        .replace("{limit}", &number(reason.data.limit));
    if let Some(until) = until {
        let tail = if reason.code == ReasonCode::PermissionExpiresSoon { ENDS } else { AGAIN };
        sentence.push(' ');
        sentence.push_str(&of(language, tail).replace("{until}", until));
    }
    sentence
}

/// What to do about it, as the words of a button or a line below the sentence; empty if nothing can be done.
#[must_use]
pub fn remedy(language: Language, remedy: Remedy) -> &'static str {
    of(
        language,
        match remedy {
            Remedy::RequestPermission => ["Request permission", "Pedir permiso", "Pedir permissão"],
            Remedy::Wait => ["Wait", "Esperar", "Aguardar"],
            Remedy::SwitchOnCalling => ["Switch calling on", "Activar las llamadas", "Ativar as chamadas"],
            Remedy::SendMessage => ["Send a message", "Enviar un mensaje", "Enviar uma mensagem"],
            Remedy::RecordConsent => {
                ["Write down the consent", "Anotar el consentimiento", "Registrar o consentimento"]
            }
            Remedy::LiftSuspension => {
                ["Lift the suspension", "Levantar la suspensión", "Retirar a suspensão"]
            }
            Remedy::OpenHours => ["Call as urgent", "Llamar como urgente", "Ligar como urgente"],
            Remedy::RaiseLimit => ["Raise the limit", "Subir el límite", "Aumentar o limite"],
            Remedy::BecomeAvailable => ["Become available", "Ponerse disponible", "Ficar disponível"],
            Remedy::UseOtherNumber => {
                ["Call from another number", "Llamar desde otro número", "Ligar de outro número"]
            }
            Remedy::TakeOver => ["Take the conversation over", "Tomar la conversación", "Assumir a conversa"],
            Remedy::RemoveOptOut => ["Take the no back", "Retirar el no", "Retirar o não"],
            Remedy::Confirm => ["Call all the same", "Llamar de todos modos", "Ligar mesmo assim"],
            Remedy::None => ["", "", ""],
        },
    )
}

/// English, Spanish, Portuguese.
type Texts = [&'static str; 3];

const AGAIN: Texts = ["Possible again: {until}.", "Será posible: {until}.", "Será possível: {until}."];
const ENDS: Texts = ["It ends: {until}.", "Termina: {until}.", "Termina: {until}."];

const TELLS_HIM: Texts = [
    "If he does not take this one, WhatsApp tells him that he may take the permission back.",
    "Si tampoco atiende esta, WhatsApp le dirá que puede retirar el permiso.",
    "Se esta também não for atendida, o WhatsApp dirá que ele pode retirar a permissão.",
];
const TOLD_HIM: Texts = [
    "WhatsApp has told him that he may take the permission back.",
    "WhatsApp ya le dijo que puede retirar el permiso.",
    "O WhatsApp já disse que ele pode retirar a permissão.",
];
const META_TAKES_IT: Texts = [
    "At {limit} Meta takes the permission away.",
    "A las {limit} Meta retira el permiso.",
    "Com {limit} a Meta retira a permissão.",
];

/// What else is to be said of calls in a row nobody took: whether WhatsApp speaks to the customer, and Meta's limit when it
/// is the one of the number. A business may set a limit of its own, of which Meta knows nothing.
fn of_unanswered(reason: &Reason) -> [Option<Texts>; 2] {
    let warns = reason.code == ReasonCode::UnansweredBeforeLimit;
    if !warns && reason.code != ReasonCode::UnansweredStreak {
        return [None, None];
    }
    let sandbox = PermissionRules::sandbox();
    let of_sandbox = reason.data.limit == Some(sandbox.block_before_unanswered);
    let metas = if of_sandbox { sandbox } else { PermissionRules::STANDARD };
    let count = reason.data.count.unwrap_or(0);
    let said = match metas.warn_before_unanswered {
        told if count >= told => Some(TOLD_HIM),
        tells if count.saturating_add(1) == tells => Some(TELLS_HIM),
        _ => None,
    };
    let is_metas = reason.data.limit == Some(metas.block_before_unanswered);
    [said.filter(|_| warns), is_metas.then_some(META_TAKES_IT)]
}

const fn of(language: Language, texts: Texts) -> &'static str {
    let [english, spanish, portuguese] = texts;
    match language {
        Language::English => english,
        Language::Spanish => spanish,
        Language::Portuguese => portuguese,
    }
}

const fn base(code: ReasonCode) -> Texts {
    match code {
        ReasonCode::CallingDisabled => [
            "Calling is switched off for this number.",
            "Las llamadas están desactivadas en este número.",
            "As chamadas estão desativadas neste número.",
        ],
        ReasonCode::BusinessCallsDisabled => [
            "Calls to customers are switched off for this number.",
            "Las llamadas a clientes están desactivadas en este número.",
            "As chamadas para clientes estão desativadas neste número.",
        ],
        ReasonCode::CountryNotOffered => [
            "WhatsApp does not offer calls from numbers of this country.",
            "WhatsApp no ofrece llamadas desde números de este país.",
            "O WhatsApp não oferece chamadas de números deste país.",
        ],
        ReasonCode::RestrictedByMeta => [
            "Meta does not let this number call at the moment.",
            "Meta no permite que este número llame por ahora.",
            "A Meta não permite que este número ligue no momento.",
        ],
        ReasonCode::QualityRed => [
            "Meta rates the quality of this number as low; it makes no calls until that is better.",
            "Meta califica de baja la calidad de este número; no llama hasta que mejore.",
            "A Meta classifica a qualidade deste número como baixa; ele não liga até que melhore.",
        ],
        ReasonCode::OptedOut => [
            "The customer does not want to be called.",
            "El cliente no quiere que lo llamen.",
            "O cliente não quer receber ligações.",
        ],
        ReasonCode::PermissionMissing => [
            "The customer has not given permission to be called.",
            "El cliente no ha dado permiso para llamarlo.",
            "O cliente não deu permissão para receber ligações.",
        ],
        ReasonCode::PermissionRequested => [
            "The customer has been asked for permission and has not answered yet.",
            "Se pidió permiso al cliente y todavía no ha respondido.",
            "A permissão foi pedida ao cliente, que ainda não respondeu.",
        ],
        ReasonCode::PermissionDenied => [
            "The customer declined the request for permission.",
            "El cliente rechazó la solicitud de permiso.",
            "O cliente recusou o pedido de permissão.",
        ],
        ReasonCode::PermissionRevoked => [
            "The permission to call was taken back.",
            "El permiso para llamar fue retirado.",
            "A permissão para ligar foi retirada.",
        ],
        ReasonCode::PermissionExpired => [
            "The permission to call has run out.",
            "El permiso para llamar ha vencido.",
            "A permissão para ligar venceu.",
        ],
        ReasonCode::PermissionCallWithinPassed => [
            "The permission is older than this business uses one.",
            "El permiso es más antiguo de lo que admite esta empresa.",
            "A permissão é mais antiga do que esta empresa aceita.",
        ],
        ReasonCode::ConnectedLimit => [
            "{count} of {limit} calls with this customer were connected in 24 hours.",
            "Se conectaron {count} de {limit} llamadas con este cliente en 24 horas.",
            "{count} de {limit} chamadas com este cliente foram conectadas em 24 horas.",
        ],
        ReasonCode::CallInProgress => [
            "There is a call with this customer already.",
            "Ya hay una llamada con este cliente.",
            "Já há uma chamada com este cliente.",
        ],
        ReasonCode::UnansweredStreak | ReasonCode::UnansweredBeforeLimit => [
            "Calls in a row the customer did not take: {count}; the limit of this number is {limit}.",
            "Llamadas seguidas sin atender: {count}; el límite de este número es {limit}.",
            "Chamadas seguidas sem resposta: {count}; o limite deste número é {limit}.",
        ],
        ReasonCode::Suspended => [
            "Calling is suspended after too many missed calls.",
            "Las llamadas están suspendidas por demasiadas llamadas perdidas.",
            "As chamadas estão suspensas por excesso de chamadas perdidas.",
        ],
        ReasonCode::RateLimitMinute => [
            "This number made {count} of {limit} calls in the last minute.",
            "Este número hizo {count} de {limit} llamadas en el último minuto.",
            "Este número fez {count} de {limit} chamadas no último minuto.",
        ],
        ReasonCode::RateLimitHour => [
            "This number made {count} of {limit} calls in the last hour.",
            "Este número hizo {count} de {limit} llamadas en la última hora.",
            "Este número fez {count} de {limit} chamadas na última hora.",
        ],
        ReasonCode::AutomationBlocked => [
            "The automation of this contact blocks calls.",
            "La automatización de este contacto bloquea las llamadas.",
            "A automação deste contato bloqueia as chamadas.",
        ],
        ReasonCode::AutomationActive => [
            "An assistant or a flow is speaking with this customer.",
            "Un asistente o un flujo está hablando con este cliente.",
            "Um assistente ou um fluxo está falando com este cliente.",
        ],
        ReasonCode::DeclinedBefore => [
            "The customer declined a call before.",
            "El cliente rechazó antes una llamada.",
            "O cliente já recusou uma ligação.",
        ],
        ReasonCode::NoConversation => [
            "There has been no conversation with this customer.",
            "No ha habido ninguna conversación con este cliente.",
            "Não houve nenhuma conversa com este cliente.",
        ],
        ReasonCode::OutsideWindowWithoutConsent => [
            "The customer's last message is older than 24 hours, and there is no explicit consent.",
            "El último mensaje del cliente tiene más de 24 horas y no hay consentimiento explícito.",
            "A última mensagem do cliente tem mais de 24 horas e não há consentimento explícito.",
        ],
        ReasonCode::NoCallRequest => [
            "The customer has not asked for a call.",
            "El cliente no ha pedido que lo llamen.",
            "O cliente não pediu uma ligação.",
        ],
        ReasonCode::ConsentExpired => [
            "The customer's consent has run out.",
            "El consentimiento del cliente ha vencido.",
            "O consentimento do cliente venceu.",
        ],
        ReasonCode::ConsentNotAffirmative => [
            "The customer did not say yes to the offer of a call.",
            "El cliente no dijo que sí a la llamada ofrecida.",
            "O cliente não disse sim à ligação oferecida.",
        ],
        ReasonCode::MonthlyLimit => [
            "{count} of {limit} minutes of this month are used.",
            "Se han usado {count} de {limit} minutos de este mes.",
            "Foram usados {count} de {limit} minutos deste mês.",
        ],
        ReasonCode::NoAgentAvailable => [
            "Nobody is available to speak.",
            "No hay nadie disponible para hablar.",
            "Ninguém está disponível para falar.",
        ],
        ReasonCode::OutsideHours => [
            "It is outside the hours of this number.",
            "Está fuera del horario de este número.",
            "Está fora do horário deste número.",
        ],
        ReasonCode::CustomerUncallable => [
            "This customer cannot be called on WhatsApp.",
            "No se puede llamar a este cliente por WhatsApp.",
            "Não é possível ligar para este cliente pelo WhatsApp.",
        ],
        ReasonCode::QualityYellow => [
            "Meta warns about the quality of this number.",
            "Meta advierte sobre la calidad de este número.",
            "A Meta alerta sobre a qualidade deste número.",
        ],
        ReasonCode::PermissionExpiresSoon => [
            "The permission to call ends soon.",
            "El permiso para llamar termina pronto.",
            "A permissão para ligar termina em breve.",
        ],
    }
}
