//! Alerts as sentences: what is wrong, and what to do.

use serde_json::Value;
use switchboard_core::alert::AlertKind;

/// One sentence, or two.
#[must_use]
pub(super) fn sentence(language: &str, kind: AlertKind, data: &Value, number: &str) -> String {
    let amount = |key: &str| data[key].as_u64().unwrap_or_default();
    let until = data["until"].as_str().unwrap_or_default();
    match language {
        "es" => spanish(kind, number, amount, until),
        "pt-BR" => portuguese(kind, number, amount, until),
        _ => english(kind, number, amount, until),
    }
}

fn english(kind: AlertKind, number: &str, amount: impl Fn(&str) -> u64, until: &str) -> String {
    match kind {
        AlertKind::TokenInvalid => format!(
            "Meta does not take the access token{}: calls cannot be answered. Make a new one and put it into META_ACCESS_TOKEN.",
            of(" of ", number)
        ),
        AlertKind::NumberRestricted => format!(
            "Meta warns about or restricts {}{}. WhatsApp Manager says why.",
            or(number, "a number"),
            of(" until ", until)
        ),
        AlertKind::NumberSuspended => format!(
            "Too many calls of {} were missed: it rests{}. Look who answers, or lift it in the settings of the number.",
            or(number, "a number"),
            of(" until ", until)
        ),
        AlertKind::QualityRed => format!(
            "Meta rates {} RED: no calls are placed from it until that is better. WhatsApp Manager says why.",
            or(number, "a number")
        ),
        AlertKind::QualityYellow => format!(
            "Meta rates {} YELLOW. Call fewer people who do not expect it, before it becomes RED.",
            or(number, "a number")
        ),
        AlertKind::PickupLow => format!(
            "Only {} % of the calls of {} are taken. Meta restricts numbers whose calls nobody takes.",
            amount("percent"),
            or(number, "a number")
        ),
        AlertKind::NoWebhook => format!(
            "No webhook{} for {} hours. Check the callback address at Meta and that this server is reached from outside.",
            of(" about ", number),
            amount("hours")
        ),
        AlertKind::DeliveriesDead => {
            format!("{} deliveries were given up. Try them again or discard them.", amount("count"))
        }
        AlertKind::ClockSkew => {
            format!("This machine's clock is {} ms away from Meta's. Set it by NTP.", amount("skew_ms"))
        }
        AlertKind::DiskLow => {
            format!("{} % of the disk with the data folder are free. Make room.", amount("percent_free"))
        }
    }
}

fn spanish(kind: AlertKind, number: &str, amount: impl Fn(&str) -> u64, until: &str) -> String {
    match kind {
        AlertKind::TokenInvalid => format!(
            "Meta no acepta el token de acceso{}: no se pueden contestar llamadas. Crea uno nuevo y ponlo en META_ACCESS_TOKEN.",
            of(" de ", number)
        ),
        AlertKind::NumberRestricted => format!(
            "Meta advierte sobre {} o lo restringe{}. WhatsApp Manager dice por qué.",
            or(number, "un número"),
            of(" hasta ", until)
        ),
        AlertKind::NumberSuspended => format!(
            "Se perdieron demasiadas llamadas de {}: descansa{}. Mira quién contesta o levántalo en los ajustes del número.",
            or(number, "un número"),
            of(" hasta ", until)
        ),
        AlertKind::QualityRed => format!(
            "Meta califica {} en ROJO: no se llama desde él hasta que mejore. WhatsApp Manager dice por qué.",
            or(number, "un número")
        ),
        AlertKind::QualityYellow => format!(
            "Meta califica {} en AMARILLO. Llama a menos personas que no lo esperan, antes de que pase a ROJO.",
            or(number, "un número")
        ),
        AlertKind::PickupLow => format!(
            "Solo se contesta el {} % de las llamadas de {}. Meta restringe los números cuyas llamadas nadie contesta.",
            amount("percent"),
            or(number, "un número")
        ),
        AlertKind::NoWebhook => format!(
            "Ningún webhook{} desde hace {} horas. Revisa la dirección de retorno en Meta y que se llegue a este servidor desde fuera.",
            of(" sobre ", number),
            amount("hours")
        ),
        AlertKind::DeliveriesDead => {
            format!("Se abandonaron {} entregas. Reinténtalas o descártalas.", amount("count"))
        }
        AlertKind::ClockSkew => format!(
            "El reloj de esta máquina difiere {} ms del de Meta. Ajústalo por NTP.",
            amount("skew_ms")
        ),
        AlertKind::DiskLow => format!(
            "Queda libre el {} % del disco de la carpeta de datos. Libera espacio.",
            amount("percent_free")
        ),
    }
}

fn portuguese(kind: AlertKind, number: &str, amount: impl Fn(&str) -> u64, until: &str) -> String {
    match kind {
        AlertKind::TokenInvalid => format!(
            "A Meta não aceita o token de acesso{}: as chamadas não podem ser atendidas. Crie outro e coloque em META_ACCESS_TOKEN.",
            of(" de ", number)
        ),
        AlertKind::NumberRestricted => format!(
            "A Meta adverte sobre {} ou o restringe{}. O WhatsApp Manager diz por quê.",
            or(number, "um número"),
            of(" até ", until)
        ),
        AlertKind::NumberSuspended => format!(
            "Chamadas demais de {} foram perdidas: ele descansa{}. Veja quem atende ou libere nas configurações do número.",
            or(number, "um número"),
            of(" até ", until)
        ),
        AlertKind::QualityRed => format!(
            "A Meta classifica {} em VERMELHO: não se liga dele até melhorar. O WhatsApp Manager diz por quê.",
            or(number, "um número")
        ),
        AlertKind::QualityYellow => format!(
            "A Meta classifica {} em AMARELO. Ligue para menos pessoas que não esperam, antes que fique VERMELHO.",
            or(number, "um número")
        ),
        AlertKind::PickupLow => format!(
            "Só {} % das chamadas de {} são atendidas. A Meta restringe números cujas chamadas ninguém atende.",
            amount("percent"),
            or(number, "um número")
        ),
        AlertKind::NoWebhook => format!(
            "Nenhum webhook{} há {} horas. Confira o endereço de retorno na Meta e se este servidor é acessível de fora.",
            of(" sobre ", number),
            amount("hours")
        ),
        AlertKind::DeliveriesDead => {
            format!("{} entregas foram abandonadas. Tente de novo ou descarte.", amount("count"))
        }
        AlertKind::ClockSkew => {
            format!("O relógio desta máquina difere {} ms do da Meta. Ajuste por NTP.", amount("skew_ms"))
        }
        AlertKind::DiskLow => {
            format!("Restam {} % livres no disco da pasta de dados. Libere espaço.", amount("percent_free"))
        }
    }
}

fn of(before: &str, what: &str) -> String {
    if what.is_empty() { String::new() } else { format!("{before}{what}") }
}

fn or<'a>(what: &'a str, nothing: &'a str) -> &'a str {
    if what.is_empty() { nothing } else { what }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_alert_has_its_sentence_in_every_language() {
        for kind in AlertKind::ALL {
            let in_language = |language| sentence(language, kind, &json!({}), "Sales");
            let (en, es, pt) = (in_language("en"), in_language("es"), in_language("pt-BR"));
            assert!(en != es && es != pt && en.ends_with('.') && es.ends_with('.') && pt.ends_with('.'));
            assert_eq!(in_language("fr"), en);
        }
        let quiet = sentence("en", AlertKind::NoWebhook, &json!({"hours": 26}), "Sales");
        assert!(quiet.contains("about Sales for 26 hours"), "{quiet}");
    }
}
