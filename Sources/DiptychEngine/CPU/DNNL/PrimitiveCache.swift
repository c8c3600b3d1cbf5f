/// Compiled operations by what distinguishes them; the oldest make room when batches of many sizes come by.
struct PrimitiveCache<Key: Hashable, Value> {
    /// The operations that stay compiled.
    private static var limit: Int { 512 }

    private var values: [Key: Value] = [:]
    private var order: [Key] = []

    /// What belongs to `key`, made on first use.
    mutating func value(_ key: Key, make: () throws -> Value) rethrows -> Value {
        if let known = values[key] { return known }
        if values.count >= Self.limit { values[order.removeFirst()] = nil }
        let made = try make()
        values[key] = made
        order.append(key)
        return made
    }

    /// Lets go of everything.
    mutating func removeAll() { (values, order) = ([:], []) }
}
