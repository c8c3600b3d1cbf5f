import DiptychBasics
import DiptychCuration
import DiptychEvaluation
import Foundation

/// A comparison as one HTML page that needs nothing else: images are data URIs, and there is no script.
struct ComparisonPage {
    private let comparison: EvaluationComparison
    private let better: [EvaluationComparison.Change]
    private let worse: [EvaluationComparison.Change]
    private let thumbnails: [String: String]

    init(
        _ comparison: EvaluationComparison, better: [EvaluationComparison.Change], worse: [EvaluationComparison.Change],
        thumbnails: [String: String]
    ) {
        (self.comparison, self.better, self.worse, self.thumbnails) = (comparison, better, worse, thumbnails)
    }

    var html: String {
        let (first, second) = (comparison.first, comparison.second)
        let result = comparison.metrics[0].result
        let smallest = result.smallestDifference.map { String(format: "%.4f", $0) } ?? "none"
        let title = "\(first.model) and \(second.model)"
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
            <meta name="referrer" content="no-referrer">
            <link rel="icon" href="data:,">
            <title>\(HTMLText.escaped(title)) · comparison</title>
            <style>
            \(ReportStyle.css)
            </style>
            </head>
            <body>
            <main>
            <h1><bdi>\(HTMLText.escaped(second.model))</bdi>: \(comparison.verdict.rawValue)</h1>
            <p>B, <bdi>\(HTMLText.escaped(second.path))</bdi>, against A, <bdi>\(HTMLText.escaped(first.path))</bdi>, in \
            \(HTMLText.escaped(comparison.metrics[0].name)): \(String(format: "%+.4f", result.difference)). The smallest difference \
            that could be told is \(smallest).</p>
            <p class="note">Comparison of \(HTMLText.escaped(first.kind)) by diptych</p>
            \(table)
            \(list("Became better", better))
            \(list("Became worse", worse))
            </main>
            </body>
            </html>

            """
    }

    private var table: String {
        let rows = comparison.metrics.map { name, result in
            let numbers = [result.first, result.second, result.difference].map { String(format: "%.4f", $0) }
            let interval = result.interval.map { String(format: "%+.4f to %+.4f", $0.low, $0.high) } ?? "–"
            let p = result.probability.map { String(format: "%.4f", $0) } ?? "–"
            let cells = (numbers + [interval, p]).map { "<td class=\"n\">\($0)</td>" }.joined()
            return "<tr><th scope=\"row\">\(HTMLText.escaped(name))</th>\(cells)<td>\(result.verdict.rawValue)</td>"
                + "<td>\(result.test.rawValue)</td></tr>"
        }
        let heads = ["A", "B", "B − A", "95 % interval", "p"].map { "<th scope=\"col\" class=\"n\">\($0)</th>" }
            .joined()
        return """
            <h2>Figures</h2>
            <div class="card scroll" tabindex="0" role="region" aria-label="Figures"><table><thead><tr><th scope="col">Metric</th>\
            \(heads)<th scope="col">Verdict</th><th scope="col">Test</th></tr></thead><tbody>\(rows.joined())</tbody></table></div>
            """
    }

    private func list(_ title: String, _ changes: [EvaluationComparison.Change]) -> String {
        guard !changes.isEmpty else { return "" }
        let items = changes.map { change in
            let text = change.sample.text ?? ""
            let words = HTMLText.escaped(text.count > 200 ? text.prefix(200) + "…" : text)
            let name = change.sample.image?.text ?? ""
            let image =
                thumbnails[name].map { "<img src=\"\($0)\" alt=\"\(words.isEmpty ? "image without a text" : words)\">" }
                ?? "<div class=\"gone\">no image</div>"
            return "<li>\(image)<p><bdi>\(words)</bdi></p><p class=\"n\">\(change.before) → \(change.after)</p>"
                + "<p class=\"place\"><bdi>\(HTMLText.escaped(name))</bdi></p></li>"
        }
        return "<h2>\(title)</h2><ul class=\"images\">\(items.joined())</ul>"
    }
}
