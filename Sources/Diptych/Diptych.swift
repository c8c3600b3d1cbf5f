// Diptych
