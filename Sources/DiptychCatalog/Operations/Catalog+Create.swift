public import DiptychDatasets
internal import DiptychBasics
internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// What reading sources gave.
public struct ImportSummary: Sendable, Equatable {
    /// The rows of the table.
    public var count = 0
    /// Rows that are new, changed, or gone since the version before; nil where there was none.
    public var changes: (added: Int, changed: Int, removed: Int)?
    /// Sources that were not read again, because they are as they were.
    public var unread = 0
    /// Rows that could not be read.
    public var failed = 0

    /// Compares all facts.
    public static func == (a: ImportSummary, b: ImportSummary) -> Bool {
        (a.count, a.unread, a.failed) == (b.count, b.unread, b.failed)
            && (a.changes.map { [$0.added, $0.changed, $0.removed] })
                == (b.changes.map { [$0.added, $0.changed, $0.removed] })
    }
}

extension Catalog {
    /// Reads sources and saves their rows as a version of a dataset.
    ///
    ///     try catalog.create("cartoons", from: ["cartoons/"])
    ///
    /// Files are not copied: rows refer to them by root and path. Images in tables, such as the bytes in Parquet files, are.
    ///
    /// - Parameters:
    ///   - sources: files, patterns of them, and folders, as `DatasetFiles.open` takes them.
    ///   - command: what a person typed.
    ///   - skip: takes each row that cannot be read; the others are saved.
    /// - Throws: ``CatalogError``, `DatasetError`.
    @discardableResult
    public func create(
        _ name: String, from sources: [String], options: DatasetOptions = DatasetOptions(), command: String? = nil,
        skip: (DatasetError) -> Void = { _ in }
    ) throws -> CatalogTable {
        try DatasetName.check(new: name)
        return try read(sources, options: options, skip: skip).save(as: name, command: command)
    }

    /// Reads what is new, changed or failed in the sources since the newest version, and saves a version where the rows
    /// differ from its. Without an earlier version, everything is new.
    ///
    /// A table whose file has the size and time that it had is not read again.
    ///
    /// - Parameter sources: without any, those of the newest version.
    /// - Returns: the newest version now, and what changed.
    /// - Throws: ``CatalogError``, `DatasetError`.
    public func update(
        _ name: String, from sources: [String] = [], options: DatasetOptions = DatasetOptions(), command: String? = nil,
        skip: (DatasetError) -> Void = { _ in }
    ) throws -> (table: CatalogTable, summary: ImportSummary) {
        guard has(name) else {
            guard !sources.isEmpty else { throw try unknown(name) }
            try DatasetName.check(new: name)
            // All versions may have been removed: their numbers stay.
            let number = try latestNumber(of: name)
            let table = try read(sources, options: options, skip: skip).save(
                as: name, command: command, after: number)
            let failed = table.version?.inputs.reduce(0) { $0 + $1.failed } ?? 0
            return (table, ImportSummary(count: table.count, failed: failed))
        }
        let newest = try latestNumber(of: name)
        let before = try table(name)
        let inputs = before.version?.inputs ?? []
        let paths = sources.isEmpty ? inputs.map { roots.file($0.path) } : sources
        guard !paths.isEmpty else {
            throw CatalogError(
                .invalid, "\(before.title) was made of other datasets; give the sources to update it from")
        }
        var summary = ImportSummary()
        let fresh = try read(paths, options: options, before: before, summary: &summary, skip: skip)
        summary.count = fresh.count
        summary.failed = fresh.origin.inputs.reduce(0) { $0 + $1.failed }
        let difference = try before.difference(from: fresh)
        summary.changes = (difference.added, difference.changed, difference.removed)
        guard fresh.content != before.content else { return (before, summary) }
        let number = try latestNumber(of: name)
        // Another process made a version while this one read: two of the same rows would follow each other.
        guard number == newest else {
            throw CatalogError(
                .unavailable,
                "\(name)@\(number) was made meanwhile by another process; run the command again to go on from it")
        }
        return (try fresh.save(as: name, command: command, after: number), summary)
    }

    /// The highest number that a version of a dataset was given, removed ones too; 0 where there is none.
    private func latestNumber(of name: String) throws -> Int {
        try database.read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT max(number) FROM versions JOIN datasets ON datasets.id = versions.dataset WHERE datasets.name = ?
                    """, arguments: [name]) ?? 0
        }
    }

    /// Reads sources into a table that is not saved.
    ///
    /// - Throws: ``CatalogError``, `DatasetError`.
    public func read(
        _ sources: [String], options: DatasetOptions = DatasetOptions(), skip: (DatasetError) -> Void = { _ in }
    ) throws -> CatalogTable {
        var summary = ImportSummary()
        return try read(sources, options: options, before: nil, summary: &summary, skip: skip)
    }

    private func read(
        _ sources: [String], options: DatasetOptions, before: CatalogTable?, summary: inout ImportSummary,
        skip: (DatasetError) -> Void
    ) throws -> CatalogTable {
        var paths: [String] = []
        for source in sources { paths += options.named[source] == nil ? try FilePattern.expand(source) : [source] }
        var readers: [SourceReader] = []
        for path in paths {
            let isFile = !RemotePaths.holds(path) && options.named[path] == nil
            let path = isFile ? CatalogRoots.real(path) : path
            if isFile { try noteRoot(SourceReader.root(of: path)) }
            let known = before?.version?.inputs.first { roots.file($0.path) == path }
            readers.append(try SourceReader(path, options: options, known: known))
        }
        summary.unread = readers.count { $0.known != nil }
        let (columns, origins) = SourceReader.columns(of: readers, before: before)
        for (column, origin) in zip(columns, origins) where column.name != origin {
            options.notes?.add(
                "SQL takes names that differ by case alone for one: it is called \(column.name)", about: origin,
                path: paths.joined(separator: " "), place: "column '\(origin)'")
        }
        let coding = ValueCoding(roots: roots)
        var inputs: [CatalogInput] = []
        let file = try TableWriter.write(to: temporaryPath(), columns: columns) { writer in
            for reader in readers {
                let first = writer.count
                let failed = try reader.read(
                    into: writer, columns: columns, origins: origins, coding: coding, before: before, skip: skip)
                inputs.append(
                    CatalogInput(
                        path: RemotePaths.holds(reader.path) || options.named[reader.path] != nil
                            ? reader.path : coding.roots.text(ofFile: reader.path),
                        signature: reader.signature,
                        first: first, count: writer.count - first, failed: failed))
            }
        }
        let step = JSONValue.object([
            .init("operation", .string("create")), .init("sources", .array(sources.map(JSONValue.string))),
        ])
        let parents = before?.version.map { [$0.id] } ?? []
        return try CatalogTable(
            catalog: self, file: OwnedFile(file, isTemporary: true),
            origin: TableOrigin(parents: parents, steps: [step], inputs: inputs))
    }

    /// A dataset in memory, or of another place, as a table that is not saved.
    ///
    /// - Throws: ``CatalogError``.
    public func table(of dataset: any Dataset, skip: (DatasetError) -> Void = { _ in }) throws -> CatalogTable {
        let names = TableWriter.distinct(dataset.columns.map(\.name))
        let columns = zip(names, dataset.columns).map { DatasetColumn($0, $1.type) }
        let coding = ValueCoding(roots: roots)
        let file = try TableWriter.write(to: temporaryPath(), columns: columns) { writer in
            for index in 0..<dataset.count {
                let row: DatasetRecord
                do throws(DatasetError) { row = try dataset.row(at: index) } catch {
                    skip(error)
                    continue
                }
                try writer.append(zip(columns, row.values).map { coding.stored($1, in: $0.type) })
            }
        }
        return try CatalogTable(catalog: self, file: OwnedFile(file, isTemporary: true), origin: TableOrigin())
    }
}
