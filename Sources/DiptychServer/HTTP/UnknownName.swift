internal import DiptychBasics
internal import DiptychSearch
internal import HTTPTypes

extension Problem {
    /// A name that a request does not have, with the one that was probably meant and those that there are.
    ///
    /// - Parameter kind: what it names: a field, or a query parameter.
    static func unknown(_ kind: String, _ name: String, known: [String]) -> Problem {
        let shown = String(name.prefix(60))
        var detail = "unknown \(kind) '\(shown)'; "
        if let nearest = Spelling.nearest(to: name, among: known) { detail += "did you mean '\(nearest)'? " }
        detail += known.isEmpty ? "this request takes none" : "expected one of \(known.joined(separator: ", "))"
        return Problem(status: .badRequest, detail: detail, field: shown, code: "unknown_parameter")
    }

    /// Something is wrong with a field.
    static func badField(_ name: String, _ detail: String, code: String = "invalid_value") -> Problem {
        Problem(status: .badRequest, detail: detail, field: name, code: code)
    }

    /// There is no such model.
    static func noModel(_ name: String, of known: [String]) -> Problem {
        Problem(
            status: .notFound,
            detail: "there is no model '\(name.prefix(80))'; there are \(known.joined(separator: ", "))",
            field: "model",
            code: "model_not_found")
    }

    /// A text is longer than a model reads.
    static func tooLong(_ name: String?, _ detail: String) -> Problem {
        Problem(status: .badRequest, detail: detail, field: name, code: "context_length_exceeded")
    }

    /// A field is missing.
    static func missing(_ name: String) -> Problem {
        badField(name, "'\(name)' is missing", code: "missing_required_parameter")
    }
}
