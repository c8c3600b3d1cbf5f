/// Plots of a report as SVG, each with a table of the same numbers for those who do not see it.
struct ReportPlots {
    /// How a plot writes its numbers.
    typealias Label = (Double) -> String

    /// A histogram with its numbers.
    static func histogram(_ title: String, _ values: Distribution, label: Label = HTMLText.number) -> String {
        guard values.count > 0 else { return "" }
        let facts = [
            ("least", values.minimum), ("median", values.median), ("mean", values.mean),
            ("95 of 100 up to", values.percentile95),
            ("most", values.maximum),
        ]
        let list = facts.map { "<div><dt>\($0.0)</dt><dd>\(HTMLText.escaped(label($0.1)))</dd></div>" }.joined()
        return """
            <figure class="card"><figcaption>\(HTMLText.escaped(title))</figcaption>
            \(bars(title, values, label))
            <dl class="facts">\(list)</dl>
            \(table(values, label))</figure>
            """
    }

    private static let (width, height, base, widest) = (360.0, 132.0, 112.0, 48.0)

    private static func bars(_ title: String, _ values: Distribution, _ label: Label) -> String {
        let most = Double(values.bins.map(\.count).max() ?? 1)
        let step = min(widest, width / Double(max(1, values.bins.count)))
        var marks = ""
        for (index, bin) in values.bins.enumerated() where bin.count > 0 {
            let tall = max(1.5, (base - 6) * Double(bin.count) / most)
            let range = range(bin, isLast: index == values.bins.count - 1, label)
            marks +=
                "<rect class=\"bar\" x=\"\(fixed(Double(index) * step + 0.5))\" y=\"\(fixed(base - tall))\" "
                + "width=\"\(fixed(max(1, step - 1)))\" height=\"\(fixed(tall))\">"
                + "<title>\(HTMLText.escaped(range)): \(HTMLText.number(bin.count))</title></rect>"
        }
        let (first, last) = (values.bins.first?.from ?? 0, values.bins.last?.to ?? 0)
        let end =
            last == first
            ? ""
            : "<text x=\"\(fixed(max(96, step * Double(values.bins.count))))\" y=\"\(height - 4)\" text-anchor=\"end\">"
                + "\(HTMLText.escaped(label(last)))</text>"
        return """
            <svg viewBox="0 0 \(Int(width)) \(Int(height))" role="img" aria-label="Histogram: \(HTMLText.escaped(title))">
            <line class="axis" x1="0" x2="\(Int(width))" y1="\(base)" y2="\(base)"/>\(marks)
            <text x="0" y="\(height - 4)">\(HTMLText.escaped(label(first)))</text>\(end)</svg>
            """
    }

    private static func range(_ bin: Distribution.Bin, isLast: Bool, _ label: Label) -> String {
        let isOne = bin.to - bin.from == 1 && !isLast || bin.to == bin.from
        return isOne ? label(bin.from) : "\(label(bin.from)) to \(isLast ? "" : "under ")\(label(bin.to))"
    }

    private static func table(_ values: Distribution, _ label: Label) -> String {
        let rows = values.bins.enumerated().filter { $0.element.count > 0 }.map { index, bin in
            let range = range(bin, isLast: index == values.bins.count - 1, label)
            return "<tr><td>\(HTMLText.escaped(range))</td><td class=\"n\">\(HTMLText.number(bin.count))</td></tr>"
        }
        return """
            <details><summary>Numbers</summary><table><thead><tr><th scope="col">From, to</th><th scope="col" class="n">Count</th></tr>\
            </thead><tbody>\(rows.joined())</tbody></table></details>
            """
    }

    /// The most names of a list that are drawn.
    private static let mostNames = 20

    /// Names with bars for their counts.
    static func names(_ title: String, _ counts: [NamedCount]) -> String {
        guard let most = counts.map(\.count).max(), most > 0 else { return "" }
        let all = counts.reduce(0) { $0 + $1.count }
        let rows = counts.prefix(mostNames).map { entry in
            let share = Double(entry.count) / Double(all) * 100
            let percent = share < 1 ? "under 1 %" : "\(Int(share.rounded())) %"
            return """
                <tr><th scope="row"><bdi>\(HTMLText.escaped(String(entry.name.prefix(60))))</bdi></th><td class="meter"><svg viewBox="0 0 100 8" \
                preserveAspectRatio="none" aria-hidden="true"><rect class="bar" width="\(fixed(max(0.5, Double(entry.count) / Double(most) * 100)))" \
                height="8"/></svg></td><td class="n">\(HTMLText.number(entry.count))</td><td class="n">\(percent)</td></tr>
                """
        }
        let more = counts.count - mostNames
        let rest = more > 0 ? "<p class=\"note\">and \(HTMLText.number(more)) more</p>" : ""
        return """
            <figure class="card"><figcaption>\(HTMLText.escaped(title))</figcaption><table class="names"><tbody>\(rows.joined())</tbody>\
            </table>\(rest)</figure>
            """
    }

    private static func fixed(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
