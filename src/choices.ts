/** The answers of the back end's resource routes (pkg/plugin/resource.go). */
export interface Dimension {
  name: string;
  help: string;
}

export interface DimensionValue {
  value: string;
  crashes: number;
}

export interface ClusterChoice {
  key: string;
  crashes: number;
  hosts: number;
}
