package import Diptych
internal import DiptychEvaluation

extension LabelReport {
    /// The report as commands and servers give it.
    package var json: JSON {
        func number(_ value: Double?) -> JSON { value.map(JSON.double) ?? .null }
        func measure(_ measure: Agreement.Measure) -> JSON {
            [
                "value": number(measure.value),
                "interval": measure.interval.map { [.double($0.low), .double($0.high)] } ?? .null,
                "images": .int(measure.images),
            ]
        }
        func suggestions(_ suggestions: Suggestions) -> JSON {
            [
                "count": .int(suggestions.count), "agreed": number(suggestions.agreed),
                "median_ms": number(suggestions.median),
            ]
        }
        let people = people.map { person -> JSON in
            [
                "name": .string(person.name), "decisions": .int(person.decisions), "skips": .int(person.skips),
                "median_ms": number(person.median),
            ]
        }
        let kappas = kappas.map { pair -> JSON in
            ["first": .string(pair.first), "second": .string(pair.second), "kappa": measure(pair.measure)]
        }
        return .object([
            ("decided", .int(decided)), ("skipped", .int(skipped)), ("disputed", .int(disputed)),
            ("labels", .array(labels.map { ["label": .string($0.label), "images": .int($0.images)] })),
            ("annotators", .array(people)), ("shown", suggestions(shown)), ("blind", suggestions(blind)),
            ("bias", number(bias)), ("speed_up", number(speedUp)), ("calibration_error", number(calibrationError)),
            ("kappa", .array(kappas)), ("alpha", measure(alpha)),
        ])
    }
}
