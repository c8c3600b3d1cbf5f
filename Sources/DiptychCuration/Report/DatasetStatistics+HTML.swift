extension DatasetStatistics {
    /// The numbers as one HTML page that needs nothing else: images are data URIs, plots are SVG, and there is no script.
    public var html: String {
        let title =
            sources.isEmpty ? "Dataset" : sources.prefix(3).joined(separator: ", ") + (sources.count > 3 ? ", …" : "")
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
            <title>\(HTMLText.escaped(title)) · dataset report</title>
            <style>
            \(ReportStyle.css)
            </style>
            </head>
            <body>
            <main>
            <h1><bdi>\(HTMLText.escaped(title))</bdi></h1>
            <p class="note">Dataset report by diptych\(model.map { ", similarities by " + HTMLText.escaped($0) } ?? "")</p>
            \(totals)
            \(splitTable)
            \(faults)
            \(imagePlots)
            \(textPlots)
            \(labelPlots)
            \(similarityPlots)
            \(sampleList)
            </main>
            </body>
            </html>

            """
    }

    private var totals: String {
        func card(_ value: String, _ name: String) -> String {
            "<div class=\"card\"><b>\(value)</b><span>\(name)</span></div>"
        }
        let broken = splits.reduce(0) { $0 + $1.brokenImages }
        let bytes = splits.reduce(0) { $0 + $1.bytes }
        var cards = [
            card(HTMLText.number(splits.reduce(0) { $0 + $1.images }), "images"),
            card(HTMLText.number(splits.reduce(0) { $0 + $1.texts }), "texts"),
            card(HTMLText.bytes(Double(bytes)), "of image files"),
        ]
        if broken > 0 { cards.append(card(HTMLText.number(broken), "images that cannot be read")) }
        if longTexts > 0 { cards.append(card(HTMLText.number(longTexts), "texts longer than the model reads")) }
        return "<div class=\"grid totals\">\(cards.joined())</div>"
    }

    private var splitTable: String {
        let rows = splits.map { split in
            """
            <tr><th scope="row"><bdi>\(HTMLText.escaped(split.name ?? "all"))</bdi></th><td class="n">\(HTMLText.number(split.images))</td>\
            <td class="n">\(HTMLText.number(split.brokenImages))</td><td class="n">\(HTMLText.number(split.texts))</td>\
            <td class="n">\(HTMLText.bytes(Double(split.bytes)))</td></tr>
            """
        }
        return """
            <h2>Splits</h2>
            <div class="card scroll" tabindex="0" role="region" aria-label="Splits"><table><thead><tr><th scope="col">Split</th>\
            <th scope="col" class="n">Images</th><th scope="col" class="n">Not readable</th><th scope="col" class="n">Texts</th>\
            <th scope="col" class="n">Size</th></tr></thead><tbody>\(rows.joined())</tbody></table></div>
            """
    }

    private var faults: String {
        guard !findings.isEmpty else { return "" }
        let list = findings.map { finding in
            let severity = finding.kind.severity.rawValue
            let examples = finding.examples.prefix(5).map {
                "<li><bdi>\(HTMLText.escaped(String($0.prefix(300))))</bdi></li>"
            }
            return """
                <div class="card"><p><span class="\(severity)">\(severity)</span> \(finding.kind.rawValue): \(HTMLText.number(finding.count))</p>\
                <p class="note">\(HTMLText.escaped(finding.kind.cost))</p><ul class="plain">\(examples.joined())</ul></div>
                """
        }
        return
            "<h2>Faults</h2><p class=\"note\">What reading came across; dataset check looks for all.</p><div class=\"grid\">\(list.joined())</div>"
    }

    private var imagePlots: String {
        let plots = [
            ReportPlots.names("Formats", formats), ReportPlots.histogram("Width in pixels", widths),
            ReportPlots.histogram("Height in pixels", heights),
            ReportPlots.histogram("File size", fileSizes, label: HTMLText.bytes),
        ]
        return section("Images", plots)
    }

    private var textPlots: String {
        let name = areTokensExact ? "Tokens of a text" : "Tokens of a text, at least"
        let plots = [
            ReportPlots.names("Scripts", scripts), ReportPlots.histogram("Characters of a text", characters),
            ReportPlots.histogram(name, tokens), ReportPlots.histogram("Texts of an image", textsPerImage),
            ReportPlots.histogram("Images of a text", imagesPerText),
        ]
        return section("Texts", plots)
    }

    private var labelPlots: String { section("Labels", labels.map { ReportPlots.names($0.column, $0.classes) }) }

    private var similarityPlots: String {
        guard let similarities else { return "" }
        return section(
            "Similarity of texts and their images", [ReportPlots.histogram("Cosine", similarities)])
            + pairList("Pairs that fit worst", worst) + pairList("Pairs that fit best", best)
    }

    private func section(_ title: String, _ plots: [String]) -> String {
        let shown = plots.filter { !$0.isEmpty }
        return shown.isEmpty ? "" : "<h2>\(title)</h2><div class=\"grid\">\(shown.joined())</div>"
    }

    private func pairList(_ title: String, _ pairs: [Pair]) -> String {
        guard !pairs.isEmpty else { return "" }
        let items = pairs.map { pair in
            let cosine = HTMLText.thousandths(Double(pair.similarity))
            return item(pair.thumbnail, pair.text, pair.image, "<p class=\"n\">\(cosine)</p>")
        }
        return "<h2>\(title)</h2><ul class=\"images\">\(items.joined())</ul>"
    }

    private var sampleList: String {
        guard !samples.isEmpty else { return "" }
        let items = samples.map { item($0.thumbnail, $0.text, $0.image, "") }
        return "<h2>Samples</h2><ul class=\"images\">\(items.joined())</ul>"
    }

    private func item(_ thumbnail: String, _ text: String, _ place: String, _ more: String) -> String {
        let shown = HTMLText.escaped(text.count > 200 ? text.prefix(200) + "…" : text)
        let description = shown.isEmpty ? "image without a text" : shown
        let image =
            thumbnail.isEmpty
            ? "<div class=\"gone\">not readable</div>" : "<img src=\"\(thumbnail)\" alt=\"\(description)\">"
        let words = shown.isEmpty ? "" : "<p><bdi>\(shown)</bdi></p>"
        return "<li>\(image)\(words)\(more)<p class=\"place\"><bdi>\(HTMLText.escaped(place))</bdi></p></li>"
    }
}
