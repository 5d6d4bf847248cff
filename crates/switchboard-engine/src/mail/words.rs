//! Mails in three languages: plain text, one thought, one link.

use super::Letter;

/// Subject and text.
pub(super) fn letter(language: &str, letter: &Letter) -> (String, String) {
    match language {
        "es" => spanish(letter),
        "pt-BR" => portuguese(letter),
        _ => english(letter),
    }
}

fn english(letter: &Letter) -> (String, String) {
    match letter {
        Letter::Invitation { from, business, link, hours } => (
            format!("{from} invites you to {business}"),
            format!(
                "{from} invites you to take calls of {business} with Switchboard.\n\n\
                 Make your account here:\n{link}\n\n\
                 The link is good for {hours} hours and for one account. If you did not expect it, do nothing.\n"
            ),
        ),
        Letter::PasswordReset { link, minutes } => (
            "Set a new password".to_owned(),
            format!(
                "Somebody asked for a new password for this address.\n\n\
                 Set it here:\n{link}\n\n\
                 The link is good for {minutes} minutes. If it was not you, do nothing: the old password stays.\n"
            ),
        ),
        Letter::AlertRaised { sentence, link } => {
            (format!("Look at this: {sentence}"), format!("{sentence}\n\nMore here:\n{link}\n"))
        }
        Letter::AlertResolved { sentence, link } => (
            format!("Over: {sentence}"),
            format!("This is over, and nothing needs to be done any more:\n{sentence}\n\n{link}\n"),
        ),
    }
}

fn spanish(letter: &Letter) -> (String, String) {
    match letter {
        Letter::Invitation { from, business, link, hours } => (
            format!("{from} te invita a {business}"),
            format!(
                "{from} te invita a atender las llamadas de {business} con Switchboard.\n\n\
                 Crea tu cuenta aquí:\n{link}\n\n\
                 El enlace vale {hours} horas y para una sola cuenta. Si no lo esperabas, no hagas nada.\n"
            ),
        ),
        Letter::PasswordReset { link, minutes } => (
            "Elige una contraseña nueva".to_owned(),
            format!(
                "Alguien pidió una contraseña nueva para esta dirección.\n\n\
                 Elígela aquí:\n{link}\n\n\
                 El enlace vale {minutes} minutos. Si no fuiste tú, no hagas nada: la contraseña de antes sigue valiendo.\n"
            ),
        ),
        Letter::AlertRaised { sentence, link } => {
            (format!("Revisa esto: {sentence}"), format!("{sentence}\n\nMás detalles aquí:\n{link}\n"))
        }
        Letter::AlertResolved { sentence, link } => (
            format!("Resuelto: {sentence}"),
            format!("Esto ya pasó y no hay que hacer nada más:\n{sentence}\n\n{link}\n"),
        ),
    }
}

fn portuguese(letter: &Letter) -> (String, String) {
    match letter {
        Letter::Invitation { from, business, link, hours } => (
            format!("{from} convida você para {business}"),
            format!(
                "{from} convida você para atender as chamadas de {business} com o Switchboard.\n\n\
                 Crie sua conta aqui:\n{link}\n\n\
                 O link vale por {hours} horas e para uma única conta. Se você não esperava por isso, não faça nada.\n"
            ),
        ),
        Letter::PasswordReset { link, minutes } => (
            "Defina uma nova senha".to_owned(),
            format!(
                "Alguém pediu uma nova senha para este endereço.\n\n\
                 Defina a senha aqui:\n{link}\n\n\
                 O link vale por {minutes} minutos. Se não foi você, não faça nada: a senha antiga continua valendo.\n"
            ),
        ),
        Letter::AlertRaised { sentence, link } => {
            (format!("Veja isto: {sentence}"), format!("{sentence}\n\nMais detalhes aqui:\n{link}\n"))
        }
        Letter::AlertResolved { sentence, link } => (
            format!("Resolvido: {sentence}"),
            format!("Isto já passou e não é preciso fazer mais nada:\n{sentence}\n\n{link}\n"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_has_its_link_and_a_subject_of_one_line_in_every_language() {
        let link = || "https://calls.example.com/x".to_owned();
        let letters = [
            Letter::Invitation { from: "Ana".into(), business: "Acme".into(), link: link(), hours: 72 },
            Letter::PasswordReset { link: link(), minutes: 60 },
            Letter::AlertRaised { sentence: "The disk is nearly full.".into(), link: link() },
            Letter::AlertResolved { sentence: "The disk is nearly full.".into(), link: link() },
        ];
        for known in &letters {
            let texts: Vec<_> =
                ["en", "es", "pt-BR"].iter().map(|language| letter(language, known)).collect();
            for (subject, body) in &texts {
                assert!(!subject.is_empty() && !subject.contains('\n') && body.contains(&link()));
            }
            assert!(texts[0] != texts[1] && texts[1] != texts[2]);
            assert_eq!(letter("xx", known), texts[0], "what is not known is written in English");
        }
    }
}
