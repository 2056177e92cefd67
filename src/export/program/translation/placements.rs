//! What a scheme adds before and after it signs.

use super::Translator;
use super::request::RequestTerms;
use crate::export::program::ProgramError;
use crate::export::program::operation::{Kind, Term};
use crate::model::request::TemplateField;
use crate::model::scheme::RequestPart;

impl Translator<'_> {
    pub(super) fn prepare(&mut self, request: &mut RequestTerms) -> Result<(), ProgramError> {
        let placement = &self.source.level.procedure.prepare;
        if placement.fields().next().is_some() {
            self.comment("what the scheme adds before it signs");
        }
        for (part, field) in placement.fields() {
            self.place = place(part, field);
            match part {
                RequestPart::Query => {
                    let value = self.placed_text(field)?;
                    request.prepare_query(self, &field.name, value);
                }
                RequestPart::Header => {
                    let value = self.placed_text(field)?;
                    request.prepare_header(self, &field.name, value);
                }
                RequestPart::Form => {
                    let value = self.placed_text(field)?;
                    request.prepare_form(self, &field.name, value)?;
                }
                RequestPart::Json => request.prepare_json(self, field)?,
            }
        }
        Ok(())
    }

    pub(super) fn attach(&mut self, request: &mut RequestTerms) -> Result<(), ProgramError> {
        let placement = &self.source.level.procedure.attach;
        if placement.fields().next().is_some() {
            self.comment("what the scheme adds after the signed part");
        }
        for (part, field) in placement.fields() {
            self.place = place(part, field);
            match part {
                RequestPart::Query => {
                    let value = self.placed_text(field)?;
                    request.attach_query(self, &field.name, value);
                }
                RequestPart::Header => {
                    let value = self.placed_text(field)?;
                    request.attach_header(self, &field.name, value);
                }
                RequestPart::Form => {
                    let value = self.placed_text(field)?;
                    request.attach_form(self, &field.name, value)?;
                }
                RequestPart::Json => request.attach_json(self, field)?,
            }
        }
        Ok(())
    }

    /// A value as text; null stays null.
    fn placed_text(&mut self, field: &TemplateField) -> Result<Term, ProgramError> {
        let value = self.placed_value(&field.value)?;
        if value.kind() == Kind::Text {
            Ok(value)
        } else {
            self.needed_text(value)
        }
    }
}

fn place(part: RequestPart, field: &TemplateField) -> String {
    format!("the {} field `{}` of the scheme", part.name(), field.name)
}
