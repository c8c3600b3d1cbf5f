internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Adds annotations, in one transaction; when this returns, they are on disk. Each is the next revision of what was said about
    /// its part and task before, which stays.
    ///
    /// - Returns: the annotations with their numbers.
    /// - Throws: ``StoreError`` for a part that the store does not have, or an annotation beyond a limit; nothing is added then.
    @discardableResult
    public func annotate(_ annotations: [Annotation]) async throws -> [StoredAnnotation] {
        guard !annotations.isEmpty else { return [] }
        let name = name
        let texts = try annotations.map { annotation in
            do throws(AttributeError) {
                return (value: try annotation.encodedValue(), details: try annotation.encodedDetails())
            } catch {
                throw StoreError(
                    .invalidRequest, path: name, "an annotation of part \(annotation.part): \(error.description)")
            }
        }
        let now = StoreSurroundings.current.now()
        return try await write { db in
            try zip(annotations, texts).map { annotation, texts in
                let exists = try Bool.fetchOne(
                    db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM parts WHERE id = ?)"),
                    arguments: [annotation.part])
                guard exists == true else {
                    throw StoreError(
                        .invalidRequest, path: name, "has no part \(annotation.part) that could be annotated")
                }
                return try Self.add(annotation, texts.value, texts.details, now, db)
            }
        }
    }

    private static func add(
        _ annotation: Annotation, _ value: String?, _ details: String?, _ now: Double, _ db: Database
    ) throws -> StoredAnnotation {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    INSERT INTO annotations (part, task, revision, value, author, time, how, probability, restores, details)
                    VALUES (?1, ?2,
                        (SELECT coalesce(max(revision), 0) + 1 FROM annotations WHERE part = ?1 AND task = ?2),
                        ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                    RETURNING id, revision
                    """),
            arguments: [
                annotation.part, annotation.task, value, annotation.author, annotation.time ?? now,
                annotation.origin.name, annotation.origin.probability, annotation.origin.restored, details,
            ])
        guard let row else { throw StoreError(.inputOutput, path: "annotations", "the revision was not written") }
        var stored = annotation
        stored.time = annotation.time ?? now
        return StoredAnnotation(
            id: try row.decode(atIndex: 0), revision: try row.decode(atIndex: 1), annotation: stored)
    }

    /// Takes back what was said last about a part and a task: what stood before is said once more, as a new revision.
    ///
    /// - Returns: the new revision; nil where nothing was said.
    @discardableResult
    public func undoAnnotation(part: Int64, task: String, author: String) async throws -> StoredAnnotation? {
        let now = StoreSurroundings.current.now()
        return try await write { db in
            let log = try Self.annotations(db, "part = ? AND task = ?", [part.databaseValue, task.databaseValue])
            guard let last = log.last else { return nil }
            // Taking back again goes further back, to before what was restored.
            var restored = last.revision - 1
            if case .undone(let revision) = last.annotation.origin { restored = revision - 1 }
            let value = log.last { $0.revision <= restored }?.annotation.value
            let annotation = Annotation(
                part: part, task: task, value: value, author: author, origin: .undone(to: max(0, restored)), time: now)
            return try Self.add(annotation, try? annotation.encodedValue(), nil, now, db)
        }
    }

    /// All that was ever said about a part, in the order in which it was said.
    ///
    /// - Parameter task: only what was said for this task; nil for all.
    public func annotations(ofPart part: Int64, task: String?) async throws -> [StoredAnnotation] {
        try await read { db in
            try Self.annotations(
                db, "part = ?1 AND (?2 IS NULL OR task = ?2)", [part.databaseValue, task.databaseValue])
        }
    }

    /// What holds now for a task: the last revision of each part that has one, after a part, in the order of their numbers. Those
    /// whose value was taken back are left out.
    public func currentAnnotations(
        task: String, after part: Int64, limit: Int
    ) async throws -> [StoredAnnotation] {
        try await read { db in
            try Self.annotations(
                db,
                """
                task = ?1 AND part > ?2 AND value IS NOT NULL AND revision = (
                    SELECT max(revision) FROM annotations AS later
                    WHERE later.part = annotations.part AND later.task = ?1)
                """, [task.databaseValue, part.databaseValue], limit: limit)
        }
    }

    /// All that was said for a task behind the annotation with a number, in the order in which it was said.
    public func annotations(ofTask task: String, after id: Int64, limit: Int) async throws -> [StoredAnnotation] {
        try await read { db in
            try Self.annotations(
                db, "task = ?1 AND id > ?2", [task.databaseValue, id.databaseValue], order: "id", limit: limit)
        }
    }

    private static func annotations(
        _ db: Database, _ condition: String, _ arguments: [DatabaseValue], order: String = "part, id",
        limit: Int = .max
    ) throws -> [StoredAnnotation] {
        let details = try Schema.hasDetails(db) ? "details" : "NULL"
        return try Row.fetchAll(
            db,
            sql: """
                SELECT id, revision, part, task, value, author, time, how, probability, restores, \(details)
                FROM annotations
                WHERE \(condition) ORDER BY \(order) LIMIT \(max(0, limit))
                """, arguments: StatementArguments(arguments)
        ).map { row in
            let text: String? = try row.decode(atIndex: 4)
            let value = text.flatMap(Annotation.decodedValue)
            guard (value == nil) == (text == nil) else {
                throw StoreError(.damaged, path: "annotations", "the value of annotation \(row[0] ?? 0) is not JSON")
            }
            return StoredAnnotation(
                id: try row.decode(atIndex: 0), revision: try row.decode(atIndex: 1),
                annotation: Annotation(
                    part: try row.decode(atIndex: 2), task: try row.decode(atIndex: 3),
                    value: value, author: try row.decode(atIndex: 5),
                    origin: Annotation.Origin(
                        named: try row.decode(atIndex: 7), probability: try row.decode(atIndex: 8),
                        restored: try row.decode(atIndex: 9)),
                    time: try row.decode(atIndex: 6),
                    details: try row.decode(String?.self, atIndex: 10).flatMap(Annotation.decodedValue)))
        }
    }
}
