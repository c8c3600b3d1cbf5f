public import ArgumentParser
import DiptychBasics
import DiptychDatasets
import DiptychMedia
public import DiptychSources
import Foundation

extension DownloadOptions.Retry: ExpressibleByArgument {}

struct DatasetDownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Download the images that a dataset has URLs of.",
        discussion: """
            Files go to images/ in the output, called by their SHA-256. downloads.jsonl has a line for each URL, with its \
            status, and the reason where it is not downloaded; images.jsonl has the rows of the images that are there, for \
            `diptych index --from` and `diptych dataset convert`. Safe to interrupt and to repeat: what is there is not asked \
            for again, and what failed for a while (a busy server, a connection that broke) is tried again; --retry failed \
            tries all that failed. Sites that reserve their images (X-Robots-Tag: noai, TDM-Reservation: 1) are heeded.

            Example: diptych dataset download images.csv --url url --output downloaded
            """)

    @Argument(help: ArgumentHelp("A file, a folder, a URL, or a pattern of files.", valueName: "source"))
    var sources: [String]

    @Option(name: .customLong("url"), help: "The column with the URLs (default: the usual names).")
    var column: String?

    @OptionGroup var catalog: CatalogArguments

    @Option(name: .shortAndLong, help: "The folder to download into; made where it is missing.")
    var output: String

    @Option(help: "What to try again of an earlier run.")
    var retry: DownloadOptions.Retry?

    @Option(parsing: .unconditional, help: "The most connections at a time.")
    var connections = 64

    @Option(parsing: .unconditional, help: "The most connections to one host.")
    var perHost = 16

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The most requests to one host (default: no limit).", valueName: "per second"))
    var hostRate: Double?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The largest file that is downloaded.", valueName: "megabytes"))
    var maxSize = 32

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The longest time for one file.", valueName: "seconds"))
    var timeout = 60.0

    @Flag(help: "Also download what its site reserves.")
    var ignoreReservations = false

    @OptionGroup var source: SourceOptions
    @OptionGroup var remote: RemoteArguments
    @OptionGroup var fetching: FetchArguments

    @Flag(help: "Say nothing but errors.")
    var quiet = false

    func validate() throws {
        try SourceOptions.validate(sources)
        guard !output.isEmpty else { throw ValidationError("--output names the folder to download into.") }
        for (name, value, most) in [
            ("--connections", connections, 1024), ("--per-host", perHost, 1024), ("--max-size", maxSize, 256),
        ] where !(1...most).contains(value) {
            throw ValidationError("\(name) must be 1 to \(most), not \(value).")
        }
        if let hostRate, !(hostRate > 0 && hostRate <= 1e6) {
            throw ValidationError("--host-rate must be more than 0, not \(hostRate).")
        }
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout must be more than 0 and at most 86400, not \(timeout).")
        }
    }

    func run() async throws {
        let notes = DatasetNotes()
        remote.install(redirectsAnywhere: fetching.allowsPrivateURLs)
        if try await download(notes) { throw ExitStatus.skippedInputs }
    }

    /// - Returns: whether something is missing.
    private func download(_ notes: DatasetNotes) async throws -> Bool {
        let rows = try await DatasetSources(sources, source.options(notes: notes), catalog).readingStores().open()
        let list = try URLColumn(rows, named: column, of: sources.joined(separator: " "))
        let downloader = try Downloader(into: output, options: options)
        let progress = Progress("downloading", total: nil, isQuiet: quiet)
        var (done, shown) = (0, 0)
        let summary = try downloader.run(list.urls) { record in
            done += 1
            progress.update(done)
            guard record.status != .downloaded else { return }
            shown += 1
            let word = record.status == .refused ? "refused" : "failed"
            // All of them stand in the file.
            if shown <= 20 { Console.say("\(word) \(record.url): \(record.reason ?? "")") }
        }
        progress.end()
        if shown > 20 { Console.say("and \(shown - 20) more, which \(output)/downloads.jsonl names") }
        try writeImages(rows, list, downloader)
        try downloader.finish(list.urls)
        notes.report(isQuiet: quiet)
        report(summary, progress.seconds)
        return summary.failed + summary.empty > 0
    }

    private var options: DownloadOptions {
        var options = DownloadOptions()
        (options.connections, options.connectionsPerHost) = (connections, perHost)
        options.requestsPerSecond = hostRate
        options.maximumBytes = maxSize << 20
        options.totalTimeout = .seconds(timeout)
        options.heedsReservations = !ignoreReservations
        options.addresses = fetching.options.addresses
        options.retry = retry
        return options
    }

    /// The rows whose images are there, each with its image's path and all else that the dataset says.
    private func writeImages(_ rows: any Dataset, _ list: URLColumn, _ downloader: Downloader) throws {
        let file = try AtomicFile(path: "\(output)/images.jsonl")
        for index in 0..<rows.count {
            try Task.checkCancellation()
            guard let row = try? rows.row(at: index), let url = list.url(of: row),
                let path = downloader.record(of: url)?.path
            else { continue }
            var members = [JSONValue.Member("image", .string(path)), .init("url", .string(url))]
            for (column, value) in zip(row.columns, row.values)
            where !["image", "url", list.name].contains(column.name) && !value.isNull {
                if let json = value.json { members.append(.init(column.name, json)) }
            }
            try file.write((JSONValue.object(members).text + "\n").utf8)
        }
        try file.commit()
    }

    private func report(_ summary: DownloadSummary, _ seconds: Double) {
        guard !quiet else { return }
        let rate = Progress.rounded(Double(summary.downloaded) / max(seconds, 0.001))
        Console.say(
            "downloaded \(summary.downloaded) (\(Columns.bytes(summary.bytes)), \(rate) images/s), there before "
                + "\(summary.present), failed \(summary.failed), refused \(summary.refused), repeated \(summary.repeated)"
                + (summary.empty > 0 ? ", rows without a URL \(summary.empty)" : ""))
        if summary.failed > 0 {
            Console.say("what failed stands in \(output)/downloads.jsonl; --retry failed tries it again")
        }
    }
}

/// The column of a dataset that holds URLs.
struct URLColumn {
    let name: String
    private let rows: any Dataset

    /// - Parameter name: the column; without it, the first of the usual ones.
    init(_ rows: any Dataset, named name: String?, of source: String) throws {
        self.rows = rows
        let known = rows.columns.map(\.name)
        let usual = ["url", "URL", "image_url", "image"]
        guard let found = name.map({ name in known.first { $0 == name } }) ?? usual.first(where: known.contains) else {
            let names = known.prefix(20).joined(separator: ", ")
            throw Failure(
                "\(source): has no column '\(name ?? "url")'; it has \(names)\(name == nil ? "; name one with --url" : "")"
            )
        }
        self.name = found
    }

    /// The URL of a row; nil where it has none.
    func url(of row: DatasetRecord) -> String? {
        switch row[name] {
        case .text(let text)?, .image(.url(let text))?, .image(.file(let text))?:
            let url = text.trimmingCharacters(in: .whitespacesAndNewlines)
            return url.isEmpty ? nil : url
        default: return nil
        }
    }

    /// The URLs of all rows, nil for those without one.
    var urls: some Sequence<String?> {
        (0..<rows.count).lazy.map { index in (try? rows.row(at: index)).flatMap { url(of: $0) } }
    }
}
