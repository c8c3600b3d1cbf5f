import ArgumentParser
import Diptych
import DiptychCatalog
import DiptychDatasets
import DiptychEvaluation
import DiptychLabels
import DiptychSearch
import Foundation

/// The forms in which labels are written.
enum LabelFormat: String, ExpressibleByArgument, CaseIterable {
    case chineseClip = "chinese-clip"
    case lmdb, webdataset, csv, tsv, jsonl, parquet, folder, coco
    case labelStudio = "label-studio"
    case catalog
}

/// The arguments of commands that read the labels of a store.
struct LabelSourceArguments: ParsableArguments {
    @Option(help: "The store, where the source is not one itself and it is not the one beside it.")
    var store: String?

    @Option(name: .customLong("task"), help: "The task (default: the only one that has labels).")
    var kind: LabelTask.Kind?

    /// Opens the store of a source.
    func open(_ source: String?) async throws -> any VectorStore {
        guard let source else {
            guard let name = store ?? StoreOption.usual else {
                throw Failure("there is no store: give a source or --store DIRECTORY, or set DIPTYCH_STORE")
            }
            return try await StoreLocation(name).open()
        }
        return try await LabelPlace(source: source, store: store).location.open()
    }

    /// The task that is meant.
    func kind(in store: any VectorStore) async throws -> LabelTask.Kind {
        if let kind { return kind }
        var found: [LabelTask.Kind] = []
        for kind in LabelTask.Kind.allCases
        where try await !store.annotations(ofTask: LabelTask.name(kind), after: 0, limit: 1).isEmpty {
            found.append(kind)
        }
        guard found.count < 2 else {
            let names = found.map(\.rawValue).joined(separator: ", ")
            throw Failure("\(store.name): has labels of several tasks (\(names)); choose one with --task")
        }
        guard let kind = found.first else {
            throw Failure(
                "\(store.name): has no labels yet; give some with `diptych label`, or read some with `diptych label import`"
            )
        }
        return kind
    }
}

struct LabelExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write labels as a training set or for another program.",
        discussion: """
            chinese-clip and lmdb: each distinct label or phrase is one text with all its images. folder: a folder a class. coco: \
            categories of whole images. catalog: the next version of the dataset that --output names. Writing the same labels \
            again gives the same bytes.

            Example: diptych label export images --to chinese-clip --output dataset
            """)

    @Argument(help: ArgumentHelp("The folder or dataset that was labelled, or the store.", valueName: "source"))
    var source: String?

    @Option(name: .customLong("to"), help: "The form to write.")
    var format: LabelFormat

    @Option(name: .shortAndLong, help: "The folder to write to, or the name in the catalog.")
    var output: String

    @Option(help: "The split that is written.")
    var split = "train"

    @Flag(name: .customLong("copy"), help: "Copy image files beside a table that would name them where they are.")
    var copies = false

    @OptionGroup var labels: LabelSourceArguments
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var quiet: QuietArguments

    func validate() throws {
        if output.isEmpty { throw ValidationError("--output is empty.") }
    }

    func run() async throws {
        let store = try await labels.open(source)
        let kind = try await labels.kind(in: store)
        let images = try await LabelledImages.read(kind, from: store)
        guard !images.isEmpty else {
            throw Failure("\(store.name): no image has a label that holds now; there is nothing to write")
        }
        switch format {
        case .coco: try write(LabelDocuments.coco(images), "coco.json", images.count)
        case .labelStudio: try write(LabelDocuments.labelStudio(images, kind), "label-studio.json", images.count)
        case .catalog: try save(LabelledImages.dataset(images, kind), store)
        default: try convert(images, kind)
        }
    }

    private func write(_ text: String, _ name: String, _ count: Int) throws {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        try AtomicFile.write(text.utf8, to: "\(output)/\(name)")
        say(count, "\(output)/\(name)")
    }

    private func say(_ count: Int, _ place: String) {
        if !quiet.quiet { Console.say("\(Columns.counted(count, "labelled image")) in \(place)") }
    }

    private func convert(_ images: [LabelledImages.Image], _ kind: LabelTask.Kind) throws {
        guard let format = DatasetFormat(rawValue: self.format.rawValue) else { return }
        let isPairs = [.chineseClip, .lmdb, .webdataset].contains(format)
        var options = DatasetOptions()
        options.named["labels"] = LabelledImages.dataset(images, kind, hasTexts: isPairs)
        var conversion = DatasetConversion(to: format, output: output)
        conversion.copiesImages = copies
        var skips = Skips()
        var count = 0
        for part in try DatasetFiles.splits(["labels"], options: options) {
            count += try conversion.write(part, as: split, skip: { skips.add($0) }).rows
        }
        say(count, output)
        try skips.end(of: images.count, consequence: "; the others are written")
    }

    private func save(_ rows: any Dataset, _ store: any VectorStore) throws {
        let catalog = try self.catalog.open()
        var options = DatasetOptions()
        let name = DatasetSources.storePrefix + store.name
        options.named[name] = rows
        var skips = Skips()
        let table: CatalogTable
        if catalog.has(output) {
            table = try catalog.update(output, from: [name], options: options, command: CatalogArguments.command) {
                skips.add($0)
            }.table
        } else {
            table = try catalog.create(output, from: [name], options: options, command: CatalogArguments.command) {
                skips.add($0)
            }
        }
        say(table.count, table.title)
        try skips.end(of: rows.count)
    }
}

struct LabelImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Read labels of a file into a store, to go on from there.",
        discussion: """
            Reads COCO's categories, Label Studio's JSON, and tables and datasets with a column of images and one of labels. \
            Images are found by their paths, else by their names where only one image has it. Repeating it changes nothing.

            Example: diptych label import labels.csv --store images.store --task single
            """)

    @Argument(help: ArgumentHelp("The file.", valueName: "file"))
    var file: String

    @Option(help: "The store (default: $DIPTYCH_STORE).")
    var store: String?

    @Option(
        name: .customLong("task"), help: "The task (default: single where each image has one label, else multiple).")
    var kind: LabelTask.Kind?

    @Option(help: "Who counts as having said so (default: the file's name).")
    var annotator: String?

    func run() async throws {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        guard FileManager.default.fileExists(atPath: file) else {
            throw Failure("\(file): does not exist; give a file of labels")
        }
        guard let place = store ?? StoreOption.usual else {
            throw Failure("there is no store: give --store DIRECTORY, or set DIPTYCH_STORE")
        }
        let entries = try LabelImport.entries(of: file)
        guard !entries.isEmpty else { throw Failure("\(file): holds no labels") }
        let opened = try await StoreLocation(place).open()
        let kind = self.kind ?? (entries.allSatisfy { $0.labels.count == 1 } ? .single : .multiple)
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().standardizedFileURL.path
        let summary = try await LabelImport(into: opened, kind: kind)
            .add(entries, by: annotator ?? String(name.prefix(60)), folder: folder)
        try StandardOutput.line(
            "imported \(summary.imported), unchanged \(summary.unchanged), unknown \(summary.unknown)")
        guard summary.unknown == 0 else {
            Console.say(
                "not in the store: \(summary.examples.joined(separator: ", "))\(summary.unknown > 3 ? ", …" : "")")
            throw ExitStatus.skippedInputs
        }
    }
}

struct LabelReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show how far labelling is, what suggestions did to it, and how far people agree.",
        discussion: """
            Example: diptych label report images
            """)

    @Argument(help: ArgumentHelp("The folder or dataset that was labelled, or the store.", valueName: "source"))
    var source: String?

    @OptionGroup var labels: LabelSourceArguments

    @Option(help: "The format of the report.")
    var format = ResultFormat.text

    func run() async throws {
        let store = try await labels.open(source)
        let kind = try await labels.kind(in: store)
        let report = LabelReport(try await LabelledImages.log(of: kind, in: store))
        guard format == .text else { return try StandardOutput.line(report.json.text) }
        func percent(_ value: Double?) -> String { value.map { String(format: "%.1f %%", $0 * 100) } ?? "–" }
        func seconds(_ value: Double?) -> String { value.map { String(format: "%.2f s", $0 / 1000) } ?? "–" }
        var lines = ["decided \(report.decided), skipped \(report.skipped), disputed \(report.disputed)"]
        for person in report.people {
            lines.append(
                "\(person.name.shown): \(Columns.counted(person.decisions, "decision")), median \(seconds(person.median))"
            )
        }
        lines.append(
            "suggestions shown: \(report.shown.count), accepted \(percent(report.shown.agreed)), median \(seconds(report.shown.median))"
        )
        lines.append(
            "kept back: \(report.blind.count), agreed \(percent(report.blind.agreed)), median \(seconds(report.blind.median))"
        )
        let speed = report.speedUp.map { String(format: "%.2f times", $0) } ?? "–"
        lines.append(
            "bias \(percent(report.bias)), speed-up \(speed), calibration error \(percent(report.calibrationError))")
        func measure(_ name: String, _ measure: Agreement.Measure) -> String {
            guard let value = measure.value else { return "\(name): – (\(Columns.counted(measure.images, "image")))" }
            let ends = measure.interval.map { String(format: " [%.3f, %.3f]", $0.low, $0.high) } ?? ""
            return "\(name): \(String(format: "%.3f", value))\(ends) (\(Columns.counted(measure.images, "image")))"
        }
        for pair in report.kappas {
            lines.append(measure("kappa of \(pair.first.shown) and \(pair.second.shown)", pair.measure))
        }
        if !report.kappas.isEmpty { lines.append(measure("alpha", report.alpha)) }
        for (label, images) in report.labels { lines.append("\(label.shown): \(images)") }
        for line in lines { try StandardOutput.line(line) }
    }
}
