#if Milvus
    package import Foundation

    /// The columns of an answer, by name and checked: a server's word is not taken for their number, type or length.
    package struct ReplyTable {
        package let rows: Int
        private let columns: [String: Milvus_Proto_Milvus_Column]
        private let location: String

        package init(_ columns: [Milvus_Proto_Milvus_Column], rows: Int, location: String) {
            self.rows = rows
            self.location = location
            self.columns = Dictionary(columns.map { ($0.fieldName, $0) }, uniquingKeysWith: { first, _ in first })
        }

        package func longs(_ name: String) throws -> [Int64] {
            try checked(name, columns[name]?.scalars.longs.data)
        }

        package func bools(_ name: String) throws -> [Bool] {
            try checked(name, columns[name]?.scalars.bools.data)
        }

        package func doubles(_ name: String) throws -> [Double] {
            try checked(name, columns[name]?.scalars.doubles.data)
        }

        package func texts(_ name: String) throws -> [String] {
            try checked(name, columns[name]?.scalars.texts.data)
        }

        /// The dynamic field's objects; empty ones where the answer has none.
        package func objects() throws -> [Data] {
            // Its name is empty in some answers.
            guard let column = columns[Layout.dynamicName] ?? columns.values.first(where: \.isDynamic) else {
                return Array(repeating: Data("{}".utf8), count: rows)
            }
            return try checked(Layout.dynamicName, column.scalars.json.data)
        }

        /// Vectors of `dimension` numbers, one after another.
        package func vectors(_ name: String, dimension: Int) throws -> [Float] {
            guard let column = columns[name], case .floats(let floats)? = column.vectors.kind,
                column.vectors.dim == Int64(dimension), floats.data.count == rows * dimension
            else {
                if rows == 0 { return [] }
                throw bad("'\(name)' does not hold \(rows) vectors of \(dimension) numbers")
            }
            guard floats.data.allSatisfy(\.isFinite) else { throw bad("a stored vector is not finite") }
            return floats.data
        }

        private func checked<Value>(_ name: String, _ values: [Value]?) throws -> [Value] {
            // Without rows some answers have no columns either.
            if rows == 0 { return [] }
            guard let values, values.count == rows else {
                throw bad("'\(name)' has \(values?.count ?? 0) values for \(rows) rows")
            }
            return values
        }

        private func bad(_ reason: String) -> MilvusError {
            MilvusError(.badReply, at: location, "the server's answer makes no sense: \(reason)")
        }
    }

    extension ReplyTable {
        /// The rows of a reading; `key` tells their number.
        package init(_ reply: Milvus_Proto_Milvus_QueryReply, key: String, location: String) {
            let rows = reply.fieldsData.first { $0.fieldName == key }?.scalars.longs.data.count ?? 0
            self.init(reply.fieldsData, rows: rows, location: location)
        }

        /// The number that `count(*)` asked for.
        package static func count(_ reply: Milvus_Proto_Milvus_QueryReply, location: String) throws -> Int {
            guard let number = reply.fieldsData.first?.scalars.longs.data.first, number >= 0 else {
                throw MilvusError(.badReply, at: location, "the server's answer makes no sense: no number of items")
            }
            return Int(number)
        }
    }
#endif
