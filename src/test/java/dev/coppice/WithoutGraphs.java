// SPDX-License-Identifier: Apache-2.0
package dev.coppice;

import dev.coppice.backend.Backend;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Optional;

/** A backend as it is, but for the graphs that it offers. */
public final class WithoutGraphs {
  private WithoutGraphs() {}

  /** The same backend, to be given operations one by one. */
  public static Backend of(Backend backend) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("graphs")) {
                return Optional.empty();
              }
              try {
                return method.invoke(backend, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
